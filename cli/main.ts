#!/usr/bin/env node
import { program } from "./program.ts";

const streams = [process.stdout, process.stderr];
// A reader that has gone away (`| head`) is no failure, and must not end a daemon.
for (const stream of streams) stream.on("error", () => undefined);
const code = await program(process.argv.slice(2));
// What is still on its way into a slow pipe is part of the answer.
await Promise.all(streams.map((stream) => new Promise<void>((resolve) => stream.write("", () => resolve()))));
// Exits outright: what a failed start left open must not keep a process alive that systemd should restart.
process.exit(code);
