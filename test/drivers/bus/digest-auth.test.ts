import fc from "fast-check";
import { expect, it } from "vitest";
import { digestAnswer, digestChallenge } from "../../../drivers/bus/digest-auth.ts";

// RFC 7616, chapter 3.9.1.
const header = (algorithm: string): string =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
  `nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
const user = { username: "Mufasa", password: "Circle of Life" };
const request = {
  method: "GET",
  uri: "/dir/index.html",
  count: 1,
  cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
};

it.each([
  ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
  ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
])("answers the example of RFC 7616 with %s", (algorithm, response) => {
  const challenge = digestChallenge([header(algorithm)]);
  expect(challenge && digestAnswer(challenge, user, request)).toContain(`response="${response}"`);
});

it("answers a server of RFC 2617 without qop", () => {
  const challenge = digestChallenge([`Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`]);
  // RFC 2069's example as corrected by errata 749.
  const answer =
    challenge &&
    digestAnswer(challenge, { username: "Mufasa", password: "CircleOfLife" }, { ...request, uri: "/dir/index.html" });
  expect(answer).toContain(`response="1949323746fe6a43ef61f9606e7febea"`);
  expect(answer).not.toContain("qop");
});

it("takes the first challenge that it can answer", () => {
  const unknown = `Digest realm="a", nonce="b", algorithm=SHA-512-256, qop="auth"`;
  expect(digestChallenge(["Basic realm=x", unknown, header("SHA-256")])?.algorithm).toBe("SHA-256");
  expect(digestChallenge([unknown, `Digest realm="a", nonce="b", qop="auth-int"`])).toBeUndefined();
});

it("never throws on a header", () => {
  fc.assert(fc.property(fc.string(), (text) => void digestChallenge([text, `Digest ${text}`])));
});
