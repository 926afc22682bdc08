// Files of messages, fetched with the login and kept as blobs: the address of a file in a message ends after minutes.
import { hub } from "../../shared/hub.js";

const kept = new Map(); // file id → promise of a blob: address; the latest few
const MOST = 60;

/** A `blob:` address of the file, for <img> and <audio>. */
export function fileUrl(file) {
  let url = kept.get(file.id);
  if (!url) {
    url = hub().files.download(file.id).then((blob) => URL.createObjectURL(new Blob([blob], { type: file.mime })));
    url.catch(() => kept.delete(file.id));
    kept.set(file.id, url);
    if (kept.size > MOST) {
      const [oldest, address] = kept.entries().next().value;
      kept.delete(oldest);
      address.then(URL.revokeObjectURL, () => {});
    }
  }
  return url;
}

export async function saveFile(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await hub().files.download(file.id));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
