import { checkTraces } from "./check-traces.ts";

/** `npm run test:traces -- [--count N] [--seed N]`: exit 1 when a trace was found that breaks a rule. */
const number = (option: string, otherwise: number): number => {
  const at = process.argv.indexOf(option);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const started = performance.now();
const seed = number("--seed", 1);
const { fault, reasons, ...counts } = checkTraces({ count: number("--count", 100_000), seed });
console.log(JSON.stringify({ ...counts, seed, ok: fault === null, seconds: Math.round((performance.now() - started) / 1000) }));
for (const [reason, count] of [...reasons].toSorted(([, one], [, other]) => other - one)) console.log(`${count} ${reason}`);
if (fault !== null) console.log(fault);
process.exitCode = fault === null ? 0 : 1;
