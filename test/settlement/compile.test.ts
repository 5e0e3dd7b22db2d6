import { describe, expect, it } from "vitest";
import { compileContract, contracts } from "../../settlement/contracts/compile.ts";
import devEuro from "../../settlement/contracts/dev-euro.json" with { type: "json" };
import settlement from "../../settlement/contracts/settlement.json" with { type: "json" };

const committed = { "settlement.json": settlement, "dev-euro.json": devEuro };

describe("compiled contracts", () => {
  it.each(contracts)(
    "$artifact is what its source compiles to; else run npm run contracts",
    ({ source, contractName, artifact }) => {
      expect(compileContract(source, contractName)).toEqual(committed[artifact]);
    },
    240_000,
  );

  it("fit into a block", () => {
    expect((settlement.bytecode.length - 2) / 2).toBeLessThan(24_576);
  });
});
