/**
 * Text from outside as it may stand in a message for people: without control characters, which could move the cursor or add
 * lines of their own, and no longer than it needs to be.
 */
export function plainText(text: string, most = 2000): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}
