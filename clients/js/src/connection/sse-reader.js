/** Server-sent events out of a stream of bytes (HTML standard, section 9.2.6), as far as the hub uses them. */

/**
 * The `data` of each event.
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} [onComment] the hub is alive, and has nothing to say
 * @returns {AsyncGenerator<string>}
 */
export async function* readEvents(body, onComment = () => {}) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  /** @type {string[]} */
  let data = [];
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (data.length > 0) yield data.join("\n");
          data = [];
        } else if (line.startsWith(":")) {
          onComment();
        } else if (line.startsWith("data:")) {
          data.push(line.slice(line[5] === " " ? 6 : 5));
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
