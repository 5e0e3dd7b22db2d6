import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { exchangeClient } from "../../../settlement/exchange/exchange-client.ts";
import { exampleAgreement, household } from "../fixture.ts";

const domain = { chainId: 31_337, contract: `0x${"1".repeat(40)}` };

/** An exchange that answers in its own way. */
async function exchange(answer: (response: ServerResponse) => void): Promise<ReturnType<typeof exchangeClient>> {
  const server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  onTestFinished(() => void (server.closeAllConnections(), server.close()));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const agreement = exampleAgreement(domain);
  return exchangeClient(`http://127.0.0.1:${port}`, { agreement, signer: household.signer, clock: fakeClock(0) });
}

it.each([200, 500])("does not read an answer with status %d that has no end", async (status) => {
  let sentBytes = 0;
  const part = "x".repeat(1024 * 1024);
  const client = await exchange((response) => {
    response.writeHead(status);
    const write = (): void => {
      while (!response.destroyed && sentBytes < 1e9) {
        sentBytes += part.length;
        if (!response.write(part)) return void response.once("drain", write);
      }
    };
    write();
  });
  await expect(client.rules()).rejects.toMatchObject({ code: "exchange-malformed" });
  expect(sentBytes).toBeLessThan(100e6);
});

it("says what an exchange refuses, and what is none", async () => {
  const refusing = await exchange((response) => response.writeHead(403).end("no participant"));
  await expect(refusing.own()).rejects.toMatchObject({
    code: "exchange-refused",
    message: expect.stringContaining("no participant"),
  });
  const other = await exchange((response) => response.end("<html>"));
  await expect(other.rules()).rejects.toMatchObject({ code: "exchange-malformed" });
});
