/** Files: put on the hub, then sent in a message by their id. */
import { ComptoirError, errorOfResponse } from "../errors.js";

/** @typedef {import("../types.js").FileInfo} FileInfo */

export class Files {
  #http;
  #token;

  /** @param {import("../http.js").Http} http @param {() => Promise<string>} token */
  constructor(http, token) {
    this.#http = http;
    this.#token = token;
  }

  /**
   * @param {Blob} blob a `File` brings its name
   * @param {object} [options]
   * @param {string} [options.name]
   * @param {number} [options.durationMs] of a voice note
   * @param {AbortSignal} [options.signal]
   * @param {(sent: number, total: number) => void} [options.onProgress] in browsers
   * @returns {Promise<FileInfo>}
   */
  async upload(blob, { name, durationMs, signal, onProgress } = {}) {
    const form = new FormData();
    // What is small comes first, so that the hub knows it when the file begins.
    if (durationMs !== undefined) form.append("duration_ms", String(Math.round(durationMs)));
    form.append("file", blob, name ?? /** @type {any} */ (blob).name ?? "file");
    const token = await this.#token();
    if (onProgress && typeof XMLHttpRequest !== "undefined") {
      return uploadWatched(new URL("api/files", this.#http.url), form, { token, signal, onProgress });
    }
    return this.#http.json("POST", "/api/files", { token, body: form, signal });
  }

  /**
   * What an `<img>` or `<audio>` may be given: the ticket in it is good for some minutes.
   * @param {FileInfo} file as it stands in a message
   */
  url(file) {
    return new URL(file.url, this.#http.url).href;
  }

  /** @param {FileInfo | number} file @param {{ signal?: AbortSignal }} [options] @returns {Promise<Blob>} */
  async download(file, { signal } = {}) {
    const id = typeof file === "number" ? file : file.id;
    const response = await this.#http.send("GET", `/api/files/${id}`, { token: await this.#token(), signal });
    return response.blob();
  }
}

/**
 * `fetch` cannot tell how much was sent.
 * @param {URL} address
 * @param {FormData} form
 * @param {{ token: string, signal?: AbortSignal, onProgress: (sent: number, total: number) => void }} options
 * @returns {Promise<FileInfo>}
 */
function uploadWatched(address, form, { token, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
    request.onload = () => {
      if (request.status < 300) return resolve(JSON.parse(request.responseText));
      void errorOfResponse(new Response(request.responseText, { status: request.status })).then(reject);
    };
    request.onerror = () => reject(new ComptoirError("disconnected", "The hub cannot be reached."));
    request.onabort = () => reject(new ComptoirError("aborted", "Aborted."));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}
