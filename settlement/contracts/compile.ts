import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import solc from "solc";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";

/** What is kept of a compiled contract. */
export interface Artifact {
  contractName: string;
  /** Full version of the compiler. */
  solc: string;
  /** SHA-256 over paths and contents of all sources, libraries included. */
  sourceHash: string;
  abi: unknown[];
  /** Creation code as 0x hex. */
  bytecode: string;
}

/** Contracts and the files that keep their compiled form, in the folder of this script. */
export const contracts = [
  { source: "Settlement.sol", contractName: "Settlement", artifact: "settlement.json" },
  { source: "DevEuro.sol", contractName: "DevEuro", artifact: "dev-euro.json" },
] as const;

const Output = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).default([]),
  contracts: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z.object({ abi: z.array(z.unknown()), evm: z.object({ bytecode: z.object({ object: z.string() }) }) }),
      ),
    )
    .default({}),
});

const require = createRequire(import.meta.url);
const folder = new URL("./", import.meta.url);

/**
 * Compiles one contract of a folder, by default this one, the same bytes every time and everywhere.
 * @throws AppError contracts-compile-failed with the compiler's words, warnings included
 */
export function compileContract(source: string, contractName: string, at: URL = folder): Artifact {
  const used = new Map([[source, readFileSync(new URL(source, at), "utf8")]]);
  const input = {
    language: "Solidity",
    sources: { [source]: { content: used.get(source) } },
    settings: {
      evmVersion: "cancun",
      viaIR: true,
      optimizer: { enabled: true, runs: 200 },
      metadata: { bytecodeHash: "none", appendCBOR: false },
      outputSelection: { "*": { [contractName]: ["abi", "evm.bytecode.object"] } },
    },
  };
  const load = (path: string): { contents: string } | { error: string } => {
    try {
      const contents = readFileSync(path.startsWith("@") ? require.resolve(path) : new URL(path, at), "utf8");
      used.set(path, contents);
      return { contents };
    } catch (error) {
      return { error: String(error) };
    }
  };
  const output = Output.parse(JSON.parse(String(solc.compile(JSON.stringify(input), { import: load }))));
  const contract = output.contracts[source]?.[contractName];
  if (output.errors.length > 0 || !contract)
    throw new AppError(
      "contracts-compile-failed",
      [`${source} does not compile cleanly:`, ...output.errors.map((each) => each.formattedMessage)].join("\n"),
    );
  const hash = createHash("sha256");
  for (const [path, contents] of [...used].toSorted(([one], [other]) => (one < other ? -1 : 1)))
    hash.update(`${path}\0${contents}\0`);
  return {
    contractName,
    solc: String(solc.version()),
    sourceHash: hash.digest("hex"),
    abi: contract.abi,
    bytecode: `0x${contract.evm.bytecode.object}`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const { source, contractName, artifact } of contracts) {
    const compiled = compileContract(source, contractName);
    writeFileSync(new URL(artifact, folder), `${JSON.stringify(compiled, null, 1)}\n`);
    process.stdout.write(`${artifact}: ${(compiled.bytecode.length - 2) / 2} bytes of ${compiled.contractName}\n`);
  }
