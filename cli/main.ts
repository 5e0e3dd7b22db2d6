#!/usr/bin/env node
// An older Node fails somewhere in the middle, with words that lead nowhere; nothing is loaded before this is known.
const needed = 24;
if (Number.parseInt(process.versions.node, 10) < needed) {
  process.stderr.write(
    `node-too-old: this is Node ${process.versions.node}, Node ${needed} or later is needed; in a checkout use "npx smart-mla"\n`,
  );
  process.exit(2);
}
const { program } = await import("./program.ts");

const streams = [process.stdout, process.stderr];
// A reader that has gone away (`| head`) is no failure, and must not end a daemon.
for (const stream of streams) stream.on("error", () => undefined);
const code = await program(process.argv.slice(2));
// What is still on its way into a slow pipe is part of the answer.
await Promise.all(streams.map((stream) => new Promise<void>((resolve) => stream.write("", () => resolve()))));
// Exits outright: what a failed start left open must not keep a process alive that systemd should restart.
process.exit(code);
