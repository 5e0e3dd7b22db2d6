import { builtinModules, createRequire } from "node:module";
import type { InputOptions, OutputOptions, Plugin } from "rolldown";

/**
 * `import … from "node:http"` reads every export once, and some of them load the whole of undici when read: 13 MB and
 * 50 ms that a gateway never uses. The bundle asks for these modules in a way that leaves such exports asleep.
 */
const sleepyBuiltins: Plugin = {
  name: "sleepy-builtins",
  resolveId(id) {
    const name = id.replace(/^node:/, "");
    return ["http", "https"].includes(name) && builtinModules.includes(name) ? `\0builtin:${name}` : null;
  },
  load(id) {
    if (!id.startsWith("\0builtin:")) return null;
    const name = `node:${id.slice("\0builtin:".length)}`;
    const module = createRequire(import.meta.url)(name) as object;
    const plain = Object.entries(Object.getOwnPropertyDescriptors(module)).filter(([, { get }]) => get === undefined);
    const names = plain.map(([key]) => key).filter((key) => /^[A-Za-z_]\w*$/.test(key));
    return `const it = process.getBuiltinModule("${name}");\nexport default it;\nexport const { ${names.join(", ")} } = it;\n`;
  },
};

/**
 * What deploy/build.ts makes dist/ from: the command with its libraries, so that a Pi reads few files and keeps less in memory.
 * Verbs stay lazy: each dynamic import becomes a chunk of its own. Native packages stay outside.
 */
export const bundleInput: InputOptions = {
  // The others are the programs of threads, which have to be files.
  input: {
    main: "cli/main.ts",
    "kzg-worker": "settlement/log/kzg-worker.ts",
    "signature-worker": "settlement/audit/signature-worker.ts",
    "planning-worker": "aggregator/optimise/planning-worker.ts",
    "answer-worker": "aggregator/optimise/answer-worker.ts",
    "round-worker": "aggregator/flexibility/round-worker.ts",
  },
  platform: "node",
  external: ["better-sqlite3", "@serialport/bindings-cpp", "koffi", "highs", /^@foundry-rs\//, "bufferutil", "utf-8-validate"],
  plugins: [sleepyBuiltins],
  logLevel: "warn",
};

/** Names stay as they are, so that a stack trace says something. */
export const bundleOutput: OutputOptions = {
  format: "esm",
  minify: { mangle: false, compress: true, codegen: true },
  chunkFileNames: "[name]-[hash].js",
};
