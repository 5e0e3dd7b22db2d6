import { expect, it } from "vitest";
import { readConsent, signConsent, type Consent } from "../../core/consent.ts";
import { errorCode } from "../../core/app-error.ts";
import { createControlKey } from "../../core/envelope.ts";

const consent: Consent = {
  v: 1,
  site: "gw-1",
  aggregator: "agg",
  scope: "readings",
  given: true,
  everyS: 60,
  at: "2026-04-02T10:00:00.000Z",
  until: null,
  by: "resident",
};
const made = await createControlKey("consent");
const text = await signConsent(made.privateJwk, consent);
const parts = text.split(".");
const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const header = JSON.parse(Buffer.from(parts[0] ?? "", "base64url").toString()) as Record<string, unknown>;

/** The next letter of base64url: 64 bytes end in a letter of which four bits are not used. */
const spare = (letter = ""): string => letters[letters.indexOf(letter) + 1] ?? "";
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

it("comes back as it was signed, with the thumbprint of the key that signed it", async () => {
  const read = await readConsent(text);
  expect(read.consent).toEqual(consent);
  const again = await readConsent(await signConsent(made.privateJwk, { ...consent, given: false }));
  expect(again.thumbprint).toBe(read.thumbprint);
  const other = await createControlKey("consent");
  expect((await readConsent(await signConsent(other.privateJwk, consent))).thumbprint).not.toBe(read.thumbprint);
});

it("never shows the private key", () => expect(JSON.stringify(header)).not.toContain('"d"'));

it.each<[string, string]>([
  ["another body", [parts[0], coded({ ...consent, scope: "appliances" }), parts[2]].join(".")],
  [
    "another key in the header",
    [coded({ ...header, jwk: (await createControlKey("x")).publicJwk }), parts[1], parts[2]].join("."),
  ],
  ["no signature at all", [coded({ ...header, alg: "none" }), parts[1], ""].join(".")],
  ["another kind of message", [coded({ ...header, typ: "sma-instruction+jws" }), parts[1], parts[2]].join(".")],
  ["the same with a blank in its signature", `${text.slice(0, -4)} ${text.slice(-4)}`],
  ["the same with other spare bits at its end", text.slice(0, -1) + spare(text.at(-1))],
  ["nonsense", "x"],
])("refuses %s", async (_, wrong) => {
  expect(await readConsent(wrong).then(() => "read", errorCode)).toBe("consent-malformed");
});
