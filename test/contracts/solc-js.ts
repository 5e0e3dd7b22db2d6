#!/usr/bin/env node
import { readFileSync } from "node:fs";
import solc from "solc";

/**
 * The compiler of npm with the command line of the native one, as far as forge uses it: forge asks for the version, and gives
 * standard JSON on stdin.
 */
if (process.argv.includes("--version"))
  process.stdout.write(
    `solc, the solidity compiler commandline interface\nVersion: ${String(solc.version()).replace(/\.Emscripten.*/, ".Linux.g++")}\n`,
  );
else process.stdout.write(String(solc.compile(readFileSync(0, "utf8"))));
