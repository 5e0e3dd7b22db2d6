import fc from "fast-check";
import { expect, it } from "vitest";
import { type Fees, raisedFees } from "../../../settlement/chain/fees.ts";

const wei = fc.bigInt({ min: 0n, max: 10n ** 13n });
const fees = (withBlobs: boolean): fc.Arbitrary<Fees> =>
  fc
    .record({ maxPriorityFeePerGas: wei, over: wei, maxFeePerBlobGas: wei })
    .map(({ maxPriorityFeePerGas, over, maxFeePerBlobGas }) => ({
      maxFeePerGas: maxPriorityFeePerGas + over,
      maxPriorityFeePerGas,
      ...(withBlobs && { maxFeePerBlobGas }),
    }));
const pairs = fc.boolean().chain((withBlobs) => fc.tuple(fees(withBlobs), fees(withBlobs)));
const names = ["maxFeePerGas", "maxPriorityFeePerGas", "maxFeePerBlobGas"] as const;

it("raises every fee by more than an eighth, with blobs to more than the double, and to what the market asks", () => {
  fc.assert(
    fc.property(pairs, ([old, market]) => {
      const raised = raisedFees(old, market);
      expect(raised).not.toBeNull();
      for (const name of names) {
        const [before, after] = [old[name], raised?.[name]];
        expect(after === undefined).toBe(before === undefined);
        if (before === undefined || after === undefined) continue;
        expect(old.maxFeePerBlobGas === undefined ? after * 8n > before * 9n : after > before * 2n).toBe(true);
        expect(after).toBeGreaterThanOrEqual(market[name] ?? 0n);
      }
      expect(raised?.maxPriorityFeePerGas).toBeLessThanOrEqual(raised?.maxFeePerGas ?? 0n);
    }),
  );
});

it("never offers more than the limit, nor what nodes would not take in the place of the old", () => {
  fc.assert(
    fc.property(pairs, wei, ([old, market], limit) => {
      const raised = raisedFees(old, market, limit);
      if (raised === null) {
        expect(raisedFees(old, market)?.maxFeePerGas).toBeGreaterThan(limit);
        return;
      }
      expect(raised.maxFeePerGas).toBeLessThanOrEqual(limit);
      expect(raised.maxFeePerGas * 8n).toBeGreaterThan(old.maxFeePerGas * 9n);
      expect(raised.maxPriorityFeePerGas * 8n).toBeGreaterThan(old.maxPriorityFeePerGas * 9n);
    }),
  );
});
