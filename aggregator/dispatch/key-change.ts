import { importControlKey, publicJwk, type ControlKey } from "../../core/envelope.ts";
import type { KeyChange } from "../../core/message/key-change.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import type { ControlKeyChange } from "../config/aggregator-config.ts";

/** A change of control keys, and the key that signs it. */
export interface KeyChangeBody {
  body: KeyChange;
  key: ControlKey;
}

/** The change of control keys that the configuration announces, and the key that signs it. @throws AppError control-key-unreadable, envelope-bad-key */
export async function readKeyChange({ addFiles, drop, signFile }: ControlKeyChange): Promise<KeyChangeBody> {
  const add = addFiles.map((file) => publicJwk(readJsonFile(file, "control-key-unreadable")));
  return { body: { v: 1, add, drop }, key: await importControlKey(readJsonFile(signFile, "control-key-unreadable")) };
}

/** Public keys that a gateway which enrols now begins with: the one that signs, and those that follow it. */
export function believed(signing: KeyChange["add"][number], change: KeyChange | undefined): KeyChange["add"] {
  const added = change?.add.filter(({ kid }) => kid !== signing.kid && !change.drop.some((dropped) => dropped.kid === kid));
  return [signing, ...(added ?? [])];
}
