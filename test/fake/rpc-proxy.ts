import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of a request: it never reaches the node, or the node's answer never comes back. */
export type Loss = "request" | "answer" | null;

/** Stands between a client and a node, and loses what it is told to. */
export interface RpcProxy {
  url: string;
  /** Decides by the request's method; at first nothing is lost. */
  lose(decide: (method: string) => Loss | Promise<Loss>): void;
  close(): Promise<void>;
}

export async function startRpcProxy(nodeUrl: string): Promise<RpcProxy> {
  let decide: (method: string) => Loss | Promise<Loss> = () => null;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    const pass = async (): Promise<void> => {
      const body = Buffer.concat(chunks).toString();
      const loss = await decide((JSON.parse(body) as { method: string }).method);
      if (loss === "request") throw new Error("lost");
      const answer = await fetch(nodeUrl, { method: "POST", headers: { "content-type": "application/json" }, body });
      const text = await answer.text();
      if (loss === "answer") throw new Error("lost");
      response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
    };
    request.on("end", () => void pass().catch(() => request.socket.destroy()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose: (how) => (decide = how),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
