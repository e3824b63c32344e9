/** Files that the server keeps for a page. */

import { ask, readRefusal } from "../labs";

/** Sends a file, of whose name the server looks at the ending alone; resolves with its id. */
export async function sendFile(name: string, body: BodyInit): Promise<string> {
  const response = await ask(`./api/uploads?name=${encodeURIComponent(name)}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body,
  });
  if (!response.ok) throw new Error(await readRefusal(response));
  return ((await response.json()) as { id: string }).id;
}

const UPLOAD = /^upload:([0-9a-f]{32})$/;

/** Returns the file that a setting's value names; null where it names none, or none that is there. */
export async function fetchUpload(value: unknown): Promise<Blob | null> {
  const id = typeof value === "string" ? UPLOAD.exec(value)?.[1] : undefined;
  if (id === undefined) return null;
  const response = await fetch(`./api/uploads/${id}`);
  return response.ok ? response.blob() : null;
}
