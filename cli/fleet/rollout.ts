import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { stagesOf } from "../../aggregator/fleet/step-rollout.ts";
import type { AuditAction } from "../../aggregator/store/audit-store.ts";
import type { RolloutState } from "../../aggregator/store/fleet-store.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { AppError } from "../../core/app-error.ts";
import { RemoteConfig } from "../../core/message/remote-config.ts";
import { whoAsks } from "../aggregator/who.ts";
import { exitCode } from "../exit-code.ts";
import { readAggregatorConfig } from "../read-aggregator-config.ts";
import { spanMs } from "../span-ms.ts";
import { wholeNumber } from "../whole-number.ts";

/** Options of the command line. */
interface StartOptions {
  config: string;
  stages: string;
  trial: string;
  silent: string;
  mostBad: string;
  json?: true;
}

/**
 * `smart-mla fleet rollout start KEY=VALUE… -c FILE [--stages 5,25,100] [--trial 5m] [--silent 15m] [--most-bad 0] [--json]`
 * @throws AppError fleet-bad-setting, fleet-bad-stages, fleet-busy, usage-bad-time, usage-bad-number
 */
export async function rolloutStart(settings: string[], options: StartOptions, say: (line: string) => void): Promise<number> {
  const { sites, database } = readAggregatorConfig(options.config);
  const wanted = settingsOf(settings);
  const rules = {
    stages: sharesOf(options.stages),
    mostBad: wholeNumber("--most-bad", options.mostBad, { least: 0, most: 100 }),
    trialS: secondsOf("--trial", options.trial, { least: 60, most: 3600 }),
    silentS: secondsOf("--silent", options.silent, { least: 60, most: 7 * 86_400 }),
  };
  const revision = randomUUID();
  const stages = stagesOf(
    sites.map(({ site }) => site),
    rules.stages,
    (site) => createHash("sha256").update(`${revision} ${site}`).digest().readUInt32BE(),
  );
  if (stages.length === 0) throw new AppError("fleet-bad-stages", `there is no gateway under sites in ${options.config}`);
  const createdMs = Date.now();
  const store = await openStore(database);
  try {
    const id = await store.audited(
      (part) => part.addRollout({ revision, wanted, rules, createdMs }, stages),
      (number) =>
        number === null
          ? null
          : { atMs: createdMs, who: whoAsks(), action: "rollout.start", site: null, detail: { id: number, wanted, rules } },
    );
    if (id === null) {
      const open = await store.openRollout();
      throw new AppError(
        "fleet-busy",
        `roll-out ${open?.id ?? ""} is ${open?.state ?? "under way"}; let it end, or abort it first`,
      );
    }
    const counts = rules.stages
      .map((_, stage) => stages.filter((one) => one.stage === stage).length)
      .filter((count) => count > 0);
    if (options.json) say(JSON.stringify({ id, revision, wanted, stages: counts }));
    else
      say(
        `roll-out ${id} to ${counts.join(", then ")} of ${stages.length} gateways; smart-mla fleet show ${id} says how it goes`,
      );
    return exitCode.good;
  } finally {
    await store.close();
  }
}

const words: Record<
  "pause" | "resume" | "abort",
  { from: readonly RolloutState[]; to: RolloutState; action: AuditAction; said: string }
> = {
  pause: { from: ["running"], to: "paused", action: "rollout.pause", said: "is paused" },
  resume: { from: ["paused"], to: "running", action: "rollout.resume", said: "goes on" },
  abort: { from: ["running", "paused"], to: "aborted", action: "rollout.abort", said: "is aborted" },
};

/** `smart-mla fleet rollout pause|resume|abort ID -c FILE [--json]`. @throws AppError fleet-unknown, fleet-not-so */
export async function rolloutWord(
  name: keyof typeof words,
  id: string,
  options: { config: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const number = wholeNumber("ID", id, { least: 1 });
  const { from, to, action, said } = words[name];
  const store = await openStore(readAggregatorConfig(options.config).database);
  try {
    const atMs = Date.now();
    const change = { state: to, ...(to === "aborted" && { reason: "by an operator", endedMs: atMs }) };
    const changed = await store.audited(
      (part) => part.changeRollout(number, from, change),
      (done) => (done ? { atMs, who: whoAsks(), action, site: null, detail: { id: number } } : null),
    );
    if (!changed) {
      const known = (await store.rollouts(1000)).find((one) => one.id === number);
      throw known
        ? new AppError("fleet-not-so", `roll-out ${number} is ${known.state}; ${name} needs one that is ${from.join(" or ")}`)
        : new AppError("fleet-unknown", `there is no roll-out ${number}; smart-mla fleet show shows the newest`);
    }
    say(options.json ? JSON.stringify({ id: number, state: to }) : `roll-out ${number} ${said}`);
    return exitCode.good;
  } finally {
    await store.close();
  }
}

function settingsOf(settings: readonly string[]): RemoteConfig {
  if (settings.length === 1 && settings[0] === "none") return {};
  const pairs = settings.map((text): [string, unknown] => {
    const [, key = "", value = ""] = /^([\w.]+)=(\S+)$/.exec(text) ?? [];
    if (key === "") throw new AppError("fleet-bad-setting", `"${text}" is no KEY=VALUE, such as log.level=debug`);
    return [key, /^-?\d+$/.test(value) ? Number(value) : value];
  });
  const checked = RemoteConfig.safeParse(Object.fromEntries(pairs));
  if (checked.success) return checked.data;
  const keys = Object.keys(RemoteConfig.shape).join(", ");
  throw new AppError(
    "fleet-bad-setting",
    `${z.prettifyError(checked.error).replaceAll("\n", "; ")} (only these can be changed from afar: ${keys})`,
  );
}

function sharesOf(text: string): number[] {
  const shares = text.split(",").map(Number);
  const isRising = shares.every((share, index) => share > (shares[index - 1] ?? 0) && share <= 100);
  if (isRising) return shares;
  throw new AppError("fleet-bad-stages", `--stages ${text}: expected rising percents up to 100, such as 5,25,100`);
}

function secondsOf(option: string, text: string, { least, most }: { least: number; most: number }): number {
  const ms = spanMs(text);
  if (ms === undefined || ms < least * 1000 || ms > most * 1000)
    throw new AppError("usage-bad-time", `${option} ${text}: expected a time of ${least} s to ${most} s, such as 90s or 5m`);
  return Math.round(ms / 1000);
}
