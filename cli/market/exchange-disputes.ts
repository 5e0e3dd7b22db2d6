import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { ExchangeConfig } from "../../market/desk/exchange-config.ts";
import {
  type ExchangeDispute,
  exchangeDisputeStore,
  type ExchangeResolution,
} from "../../market/store/exchange-dispute-store.ts";
import { householdOf } from "../../settlement/record/agreement.ts";
import { readAgreement } from "../../settlement/record/read-agreement.ts";
import { exitCode } from "../exit-code.ts";
import { wholeNumber } from "../whole-number.ts";
import { withExchangeDatabase } from "./exchange-database.ts";

/**
 * `smart-mla market exchange disputes list -c FILE [--all] [--json]`: what participants do not sign, with the figures of both
 * sides. Exit 1 where something waits.
 */
export async function exchangeDisputesList(
  options: { config: string; all?: true; json?: true },
  say: (line: string) => void,
): Promise<number> {
  return withExchangeDatabase(options.config, async (db, config) => {
    const names = namesOf(config);
    const found = await exchangeDisputeStore(db).disputes(!options.all);
    const named = found.map((one) => ({ ...one, name: names.get(one.participant) ?? one.participant }));
    if (options.json) say(JSON.stringify({ items: named.map(wireOf) }));
    else if (named.length === 0) say("nothing waits");
    else for (const one of named) for (const line of linesOf(one)) say(line);
    return found.some(({ resolution }) => resolution === null) ? exitCode.checkFailed : exitCode.good;
  });
}

/**
 * `smart-mla market exchange disputes resolve ID again|skip -c FILE [--json]`: decides one. A running exchange goes on from there
 * when the participant asks next.
 * @throws AppError dispute-unknown, dispute-resolved
 */
export async function exchangeDisputesResolve(
  id: string,
  resolution: ExchangeResolution,
  options: { config: string; json?: true },
  say: (line: string) => void,
): Promise<number> {
  const number = wholeNumber("ID", id, { least: 1 });
  return withExchangeDatabase(options.config, async (db, config) => {
    const store = exchangeDisputeStore(db);
    const found = (await store.disputes(false)).find((one) => one.id === number);
    if (!found)
      throw new AppError("dispute-unknown", `there is no dispute ${number}; see smart-mla market exchange disputes list`);
    if (!(await store.resolve(number, resolution, Date.now())))
      throw new AppError("dispute-resolved", `dispute ${number} is resolved already, or its record is disputed no more`);
    const { participant, seq, record } = found;
    const name = namesOf(config).get(participant) ?? participant;
    if (options.json) say(JSON.stringify({ id: number, name, seq, resolution }));
    else say(`${name}: record ${seq} (${record.kind} ${record.start} to ${record.end}) ${done[resolution]}`);
    return exitCode.good;
  });
}

const done = {
  again: "is proposed again",
  skip: "is left out: on this side it is never settled",
} as const;

function namesOf(config: ExchangeConfig): Map<string, string> {
  return new Map(
    config.participants.map(({ name, agreementFile }) => [
      householdOf(readAgreement(agreementFile, name, config).agreement),
      name,
    ]),
  );
}

type Named = ExchangeDispute & { name: string };

function wireOf({ atMs, resolvedMs, ...rest }: Named): object {
  return { ...rest, at: iso(atMs), resolved: resolvedMs === null ? null : iso(resolvedMs) };
}

function linesOf({ id, name, seq, code, message, own, record, resolution, atMs }: Named): string[] {
  const { kind, start, end, wh, amount } = record;
  return [
    `${id}  ${name}/${seq}  ${iso(atMs)}  ${resolution === null ? "open" : `resolved: ${resolution}`}  ${code}  ${kind} ${start} to ${end}`,
    `    ${message}`,
    `    proposed ${wh} Wh, ${amount} micro-units; the participant's own figures ${JSON.stringify(own)}`,
  ];
}
