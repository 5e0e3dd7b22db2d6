import { checkCorpus } from "./check-corpus.ts";

/** `npm run test:corpus -- FOLDER`: decodes every captured telegram of a corpus; exit 1 when one is not as its index says. */
const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("usage: npm run test:corpus -- FOLDER, a folder with an index.json\n");
  process.exit(2);
}
const verdicts = checkCorpus(folder);
const table = Map.groupBy(verdicts, ({ family, kind }) => `${family}, ${kind}`);
console.table(
  Object.fromEntries(
    [...table].map(([name, all]) => {
      const right = all.filter(({ faults }) => faults.length === 0).length;
      return [name, { files: all.length, "as expected": right, percent: Math.round((100 * right) / all.length) }];
    }),
  ),
);
const wrong = verdicts.filter(({ faults }) => faults.length > 0);
for (const { file, faults } of wrong) console.log(`${file}: ${faults.join("; ")}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
