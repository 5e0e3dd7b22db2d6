import { fuzz } from "./fuzz.ts";

/** `npm run fuzz -- [--count N] [--seed N]`: exit 1 when an input was found that throws, passes wrongly or leaves memory behind. */
const number = (option: string, otherwise: number): number => {
  const at = process.argv.indexOf(option);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const started = performance.now();
const result = fuzz({ count: number("--count", 100_000), seed: number("--seed", 1) });
const { faults, grownMiB, ...counts } = result;
console.log(
  JSON.stringify({
    ...counts,
    faults: faults.length,
    grownMiB: Number(grownMiB.toFixed(2)),
    seconds: Math.round((performance.now() - started) / 1000),
  }),
);
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 && grownMiB < 4 ? 0 : 1;
