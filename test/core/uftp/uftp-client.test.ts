import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createControlKey, importControlKey } from "../../../core/envelope.ts";
import type { UftpMessage } from "../../../core/message/uftp.ts";
import { uftpClient } from "../../../core/uftp/uftp-client.ts";
import { certificateAuthority } from "../../fake/certificates.ts";
import { peer } from "../../fake/peer.ts";
import { scratch } from "../../fake/scratch.ts";

const openssl = peer("openssl");
const message: UftpMessage = {
  Message: "FlexOrderResponse",
  Version: "3.0.0",
  SenderDomain: "one.example",
  RecipientDomain: "other.example",
  TimeStamp: "2026-03-02T10:00:00.000Z",
  MessageID: randomUUID(),
  ConversationID: randomUUID(),
  Result: "Accepted",
  FlexOrderMessageID: randomUUID(),
};

/** Sends a message to somebody who answers in his own way. */
async function sent(answer: (response: ServerResponse) => void): Promise<string> {
  const ca = certificateAuthority(openssl ?? "", scratch("uftp-client"));
  const { certFile, keyFile } = ca.issue("other.example", ["IP:127.0.0.1"]);
  const tls = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8"), ca: readFileSync(ca.caFile, "utf8") };
  const server = createServer(tls, (request, response) => {
    request.resume();
    answer(response);
  });
  onTestFinished(() => void (server.closeAllConnections(), server.close()));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const key = await importControlKey((await createControlKey("one-1")).privateJwk);
  const client = uftpClient({ tls, key, answerMs: 500 });
  onTestFinished(() => client.close());
  const { port } = server.address() as AddressInfo;
  return client.send(`https://127.0.0.1:${port}`, message).then(
    () => "delivered",
    (error: unknown) => (error as Error).message,
  );
}

/** Writes on for as long as somebody reads. */
function endless(response: ServerResponse, part: string, everyMs: number): void {
  const writing = setInterval(() => response.write(part), everyMs);
  response.on("close", () => clearInterval(writing));
}

describe.skipIf(!openssl)("a participant that answers as it likes (openssl)", () => {
  it("holds nobody up drop by drop, nor by saying nothing", async () => {
    expect(await sent((response) => endless(response.writeHead(400), "x", 10))).toMatch(/no answer within 0.5 s/);
    expect(await sent(() => undefined)).toMatch(/no answer within 0.5 s/);
  });

  it("is not listened to for longer than an answer is, whatever it goes on to say", async () => {
    expect(await sent((response) => endless(response.writeHead(200), "x".repeat(100_000), 1))).toBe("delivered");
    expect(await sent((response) => endless(response.writeHead(503), "x".repeat(100_000), 1))).toMatch(/with HTTP 503/);
  });

  it("is told what the other side says of a refusal", async () => {
    const problem = JSON.stringify({ title: "uftp-stale", detail: "too old" });
    expect(await sent((response) => response.writeHead(400).end(problem))).toMatch(
      /refused FlexOrderResponse: uftp-stale, too old/,
    );
  });
});
