import { expect, it, vi } from "vitest";
import type { ArchiveLine } from "../../../settlement/log/archive.ts";
import { audit } from "../../../settlement/audit/audit.ts";
import { openChainView } from "../../../settlement/audit/chain-view.ts";
import { folderSource } from "../../../settlement/log/epoch-source.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { exampleAgreement, exampleSeries, household, householdIsA, signBoth } from "../../settlement/fixture.ts";
import { fund } from "../../settlement/market.ts";
import { chainRoom } from "./chain-room.ts";

vi.setConfig({ testTimeout: 120_000 });

it.each([
  ["records", "inline"],
  ["records", "file"],
  ["digests", "file"],
  ["digests", "nowhere"],
] as const)("what the aggregator publishes as %s (%s) and settles is good in every step of an audit", async (form, place) => {
  const series = exampleSeries();
  const room = await chainRoom({ publishing: { form, in: place } });
  await room.store.keepSeries(series, { hash: pricesHash(series), startMs: 0, endMs: Date.parse("2027-01-01T00:00:00Z") });
  // The prices come into an epoch before the service begins.
  await room.epoch();
  await room.toTheDayAfter();
  await fund(room.market, household.owner, 10n ** 9n);
  const records = [await room.addCosigned(), await room.addCosigned(), await room.addCosigned()];
  await room.epoch();
  await room.epoch();
  expect(await room.settledSeq()).toBe(3);

  const archive: ArchiveLine[] = [
    { v: 1, kind: "agreement", ...(await signBoth(exampleAgreement(room.market.domain))) },
    { v: 1, kind: "prices", series },
    ...records.map(({ record, evidence, gatewaySignature, ownSignature }): ArchiveLine => {
      const [one, other] = [gatewaySignature ?? "0x", ownSignature ?? "0x"];
      const [signatureA, signatureB] = householdIsA ? [one, other] : [other, one];
      return { v: 1, kind: "record", record, evidence, signatureA, signatureB };
    }),
  ];
  const view = await openChainView(room.anvil.url, room.market.domain.contract);
  const sources = [folderSource(room.folder)];
  const report = await audit({ view, fromBlock: 0, sources, threads: 0, archive: numbered(archive) });
  view.close();
  expect(report.findings).toEqual([]);
  expect(report.verdict).toBe("good");
  const checked = Object.fromEntries(report.steps.map(({ step, checked: count }) => [step, count]));
  expect(checked).toMatchObject({ data: 2, signatures: 6, chains: 3, amounts: 3, prices: 3, heads: 1 });
});

async function* numbered(lines: readonly ArchiveLine[]): AsyncGenerator<{ line: number; entry: ArchiveLine }> {
  for (const [index, entry] of lines.entries()) yield { line: index + 1, entry };
}
