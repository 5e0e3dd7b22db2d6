import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { resolveDispute } from "../../../aggregator/settle/resolve-dispute.ts";
import { errorCode } from "../../../core/app-error.ts";
import { recordDigest, zeroHash } from "../../../settlement/record/record.ts";
import { household } from "../../settlement/fixture.ts";
import { bootTwo, message, slotItem } from "../rows.ts";
import { disputeOf, domain, openDesk, proposed, reported, signedBy, site } from "./home-double.ts";

vi.setConfig({ testTimeout: 120_000 });
const hourMs = 3_600_000;

type Step = "hour" | "sign" | "sign-old" | "dispute" | "again" | "home" | "skip" | "resend" | "restart" | "ask";
const steps: readonly Step[] = ["hour", "sign", "sign-old", "dispute", "again", "home", "skip", "resend", "restart", "ask"];

it("whatever home and operator do: co-signed records follow each other, never overlap and never have two bodies", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 5, maxLength: 40 }), async (course) => {
      const desk = await openDesk();
      let hours = 0;
      let again = 0;
      const cosigned = new Map<number, string>();
      const everProposed = () => desk.down.flatMap((one) => (one.kind === "proposal" ? [one.record] : []));
      for (const step of course) {
        const offers = everProposed();
        const newest = offers.at(-1);
        if (step === "hour") {
          await reported(desk.store, hours * 4, [10, 20, 30, 40 + hours]);
          await desk.clock.advance(hourMs);
          hours++;
        } else if (step === "sign" && newest)
          await desk.proposer.answer(site, await signedBy(household.signer, proposed(desk.down)));
        else if (step === "sign-old" && offers[0]) await desk.proposer.answer(site, await signedBy(household.signer, offers[0]));
        else if (step === "dispute" && newest) await desk.proposer.answer(site, disputeOf(newest, "settlement-energy-differs"));
        else if (step === "resend" && hours > 0)
          await desk.store.ingest(site, message([slotItem(++again, (hours - 1) * 4, 7)], bootTwo));
        else if (step === "restart") await desk.restart();
        else if (step === "again" || step === "home" || step === "skip") {
          const [open] = await desk.store.disputes({ open: true, limit: 1 });
          if (open)
            await resolveDispute(desk.store, open.id, step, 1, "cli test").catch((error: unknown) =>
              expect(errorCode(error)).toMatch(/^dispute-/),
            );
        }
        await desk.proposer.advance(site);
        for (const { record, state, digest } of await desk.store.records(null, 100)) {
          if (state !== "cosigned") continue;
          // What both have signed stays as it is.
          expect(cosigned.get(record.seq) ?? digest).toBe(digest);
          cosigned.set(record.seq, digest);
        }
      }
      const records = (await desk.store.records(null, 100))
        .filter(({ state }) => state === "cosigned")
        .map(({ record }) => record);
      expect(records.map(({ seq }) => seq)).toEqual([...cosigned.keys()]);
      for (const [index, record] of records.entries()) {
        const before = records[index - 1];
        expect(record.seq).toBe(index + 1);
        expect(record.prev).toBe(before ? recordDigest(domain, before) : zeroHash);
        if (before) expect(Date.parse(record.start)).toBeGreaterThanOrEqual(Date.parse(before.end));
      }
    }),
    { numRuns: 25 },
  );
});
