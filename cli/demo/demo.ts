import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aborted } from "../../core/aborted.ts";
import { errorMessage } from "../../core/app-error.ts";
import { exitCode } from "../exit-code.ts";
import { stopRequest } from "../stop-request.ts";
import { wholeNumber } from "../whole-number.ts";
import { countsOf, summarise, type DemoResult } from "./demo-result.ts";
import { screen } from "./screen.ts";
import { openWorld, type World } from "./world.ts";

/** Options of the command line, as text. */
export interface DemoOptions {
  homes: string;
  seed: string;
  once?: true;
  json?: true;
}

/** Of fewer homes one heat pump that runs when no plan has it running is a fifth of what their cable would bear. */
const fewestUnderLimit = 3;

/** `smart-mla demo`: the whole system on loopback; leaves no process and no file behind, however it ends. */
export async function demo(options: DemoOptions, say: (line: string) => void): Promise<number> {
  const homes = wholeNumber("--homes", options.homes, { least: 1, most: 20 });
  const seed = wholeNumber("--seed", options.seed);
  const show = screen(options.json ? process.stderr : process.stdout);
  // Whoever read the screen has gone away (`demo | head`): the same as asking to stop.
  const unread = new AbortController();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => unread.abort("nobody reads the output"));
  const stop = AbortSignal.any([stopRequest(), unread.signal]);
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-demo-"));
  let world: World | null = null;
  try {
    const street = { withExchange: homes > 1, withCongestion: homes >= fewestUnderLimit };
    world = await openWorld({ folder, homes, seed, cli: process.argv[1] ?? "", show, ...street });
    const day = oneDay(world);
    // Once the stop is asked for, nobody listens to what the day still throws.
    day.catch(() => undefined);
    const result = await Promise.race([day, world.hopeless, aborted(stop).then(() => null)]);
    if (result) {
      for (const line of summarise(result)) show.note(line);
      if (options.json) say(JSON.stringify(countsOf(result)));
      if (!options.once) await world.goOn(stop);
      return result.kept ? exitCode.good : exitCode.checkFailed;
    }
    show.note("stopping");
    return options.once ? exitCode.checkFailed : exitCode.good;
  } catch (error) {
    show.note(`demo failed: ${errorMessage(error)}`);
    for (const line of world?.logTails() ?? []) show.note(line);
    return exitCode.checkFailed;
  } finally {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function oneDay(world: World): Promise<DemoResult> {
  await world.start();
  await world.runDay();
  return world.check();
}
