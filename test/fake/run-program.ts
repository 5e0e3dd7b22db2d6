import { vi } from "vitest";
import { program } from "../../cli/program.ts";

/** Runs one command line in this process, one at a time: quicker than runCli where many are run and none keeps running. */
export async function runProgram(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err] = [[] as string[], [] as string[]];
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean(out.push(String(text)))),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean(err.push(String(text)))),
  ];
  try {
    return { code: await program(args), out: out.join(""), err: err.join("") };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
