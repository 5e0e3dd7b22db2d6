#!/usr/bin/env node
import { program } from "./program.ts";

// Exits outright: what a failed start left open must not keep a process alive that systemd should restart.
process.exit(await program(process.argv.slice(2)));
