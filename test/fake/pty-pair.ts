import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

/** Two PTYs wired to each other by socat: what is written to one is read from the other. */
export interface PtyPair {
  a: string;
  b: string;
  /** Ends socat, as pulling both plugs does. */
  unplug(): Promise<void>;
  /** Starts socat again under the same names. */
  plug(): Promise<void>;
  close(): Promise<void>;
}

/** @param socat path of socat, from peer("socat") */
export async function ptyPair(socat: string): Promise<PtyPair> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-pty-"));
  const a = join(folder, "a");
  const b = join(folder, "b");
  let ended: Promise<unknown> = Promise.resolve();
  let kill = (): void => undefined;
  const plug = async (): Promise<void> => {
    const child = spawn(socat, [`PTY,raw,echo=0,link=${a}`, `PTY,raw,echo=0,link=${b}`], { stdio: "ignore" });
    ended = new Promise((resolve) => child.once("exit", resolve));
    kill = () => void child.kill("SIGTERM");
    await until("socat has made both PTYs", () => existsSync(a) && existsSync(b));
  };
  const unplug = async (): Promise<void> => {
    kill();
    await ended;
  };
  await plug();
  return {
    a,
    b,
    plug,
    unplug,
    async close() {
      await unplug();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
