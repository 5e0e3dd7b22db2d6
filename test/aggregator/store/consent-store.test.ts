import { expect, it } from "vitest";
import { scratchStore } from "../rows.ts";

it("pins the first key of a site, until it enrols anew: then the next one counts", async () => {
  const { store } = await scratchStore();
  expect(await store.consentKey("a", "first")).toBe("first");
  expect(await store.consentKey("a", "second")).toBe("first");
  expect(await store.consentKey("b", "second")).toBe("second");
  await store.addCode({ hash: "h", site: "a", expiresMs: 2000 });
  const certificate = { serial: "01", site: "a", keyHash: "k", pem: "p", issuedMs: 1000, notAfterMs: 9000, revokedMs: null };
  expect(await store.redeem("h", certificate)).toBe(true);
  expect(await store.consentKey("a", "second")).toBe("second");
  expect(await store.consentKey("b", "third")).toBe("second");
});
