import { expect, it } from "vitest";
import { forgedMessages } from "./forged-messages.ts";

it("accepts none of 2,000 forged, replayed, stale or misdirected messages, and each good one between them", async () => {
  const accepted: string[] = [];
  const claims = await forgedMessages({ count: 2000, seed: 20_261_122, say: (line) => void accepted.push(line) });
  expect([accepted, claims.filter(({ ok }) => !ok)]).toEqual([[], []]);
});
