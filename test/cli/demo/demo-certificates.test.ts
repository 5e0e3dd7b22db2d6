import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, connect } from "node:tls";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { openAuthority } from "../../../cli/demo/demo-certificates.ts";
import { scratch } from "../../fake/scratch.ts";

it("makes certificates with which both sides of TLS 1.3 know each other, and which another authority did not sign", async () => {
  const [folder, elsewhere] = [scratch("authority"), scratch("elsewhere")];
  const { caFile, issue } = openAuthority(folder);
  const made = issue("dso.example", folder);
  const [ca, own] = [caFile, made.certFile].map((file) => new X509Certificate(readFileSync(file)));
  expect(own?.subjectAltName).toBe("DNS:dso.example, IP Address:127.0.0.1");
  expect([ca?.ca, own?.ca]).toEqual([true, false]);
  expect(ca && own?.verify(ca.publicKey)).toBe(true);

  const tls = { ca: readFileSync(caFile), cert: readFileSync(made.certFile), key: readFileSync(made.keyFile) };
  const server = createServer({ ...tls, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: true });
  onTestFinished(() => void server.close());
  server.on("tlsClientError", () => undefined);
  server.on("secureConnection", (socket) => socket.on("error", () => undefined).end("known"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const said = await connect({ ...tls, port, host: "127.0.0.1" })
    .setEncoding("utf8")
    .take(1)
    .toArray();
  expect(said).toEqual(["known"]);

  const other = openAuthority(elsewhere);
  const stranger = other.issue("dso.example", elsewhere);
  const foreign = { ca: readFileSync(other.caFile), cert: readFileSync(stranger.certFile), key: readFileSync(stranger.keyFile) };
  await expect(connect({ ...foreign, port, host: "127.0.0.1" }).toArray()).rejects.toThrow(/certificate/);
});
