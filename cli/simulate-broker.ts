import { readFileSync } from "node:fs";
import { z } from "zod";
import { AppError, errorMessage } from "../core/app-error.ts";
import { runBroker } from "../simulator/broker/run-broker.ts";
import { exitCode } from "./exit-code.ts";
import { stderrLog } from "./stderr-log.ts";
import { stopRequest } from "./stop-request.ts";
import { wholeNumber } from "./whole-number.ts";

/** `smart-mla simulate broker` */
export async function simulateBroker(options: { port: string; users?: string }, say: (line: string) => void): Promise<number> {
  const users = options.users === undefined ? undefined : readUsers(options.users);
  await runBroker({
    port: wholeNumber("--port", options.port, { most: 65_535 }),
    ...(users && { users }),
    log: stderrLog("broker"),
    signal: stopRequest(),
    say,
  });
  return exitCode.good;
}

function readUsers(file: string): Record<string, string> {
  try {
    return z.record(z.string(), z.string().min(1)).parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new AppError("users-unreadable", `${file} is not a JSON object of passwords by user: ${errorMessage(cause)}`, {
      cause,
    });
  }
}
