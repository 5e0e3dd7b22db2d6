import { defineConfig } from "rolldown";

/**
 * Bundles the command with its libraries into dist/: a Pi reads few files and keeps less in memory.
 * Verbs stay lazy: each dynamic import becomes a chunk of its own. Native packages stay outside.
 */
export default defineConfig({
  input: { main: "cli/main.ts" },
  platform: "node",
  external: ["better-sqlite3", "@serialport/bindings-cpp", /^@foundry-rs\//, "bufferutil", "utf-8-validate"],
  output: { dir: "dist", format: "esm", cleanDir: true, minify: { mangle: false, compress: true, codegen: true }, chunkFileNames: "[name]-[hash].js" },
  logLevel: "warn",
});
