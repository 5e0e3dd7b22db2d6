import { type CallSender, keySender, relayerSender } from "../../settlement/chain/call-sender.ts";
import { fileJournal } from "../../settlement/chain/file-journal.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";
import type { SettlementConfig } from "../config/agent-config.ts";

/** What sends for the gateway: a key of its own, or a relayer; null without either. @throws AppError of key files */
export async function openSender(config: SettlementConfig): Promise<CallSender | null> {
  const { publish } = config;
  if (!publish) return null;
  if (publish.by === "relayer") return relayerSender(config, publish.url);
  const { privateKey } = await openKeystore(publish.keyFile, readPassphrase(publish.passphraseFile));
  // A crash between signing and a block must not send a second transaction.
  const journal = fileJournal(publish.keyFile.replace(/\.json$/, ".sent.json"));
  return keySender({ ...config, privateKey }, { journal });
}
