/**
 * A message's key in the French catalogue: 22 bits of its FNV-1a hash over UTF-16 units, in base 36.
 * `message_key` of tools/client_texts.py writes the same, and refuses two texts of one key.
 */
export function messageKey(message: string): string {
  let digest = 0x811c9dc5;
  for (let i = 0; i < message.length; i++) digest = Math.imul(digest ^ message.charCodeAt(i), 0x01000193);
  return (digest >>> 10).toString(36);
}
