/** Plain HTTP to the hub, with errors as `ComptoirError`. */
import { ComptoirError, errorOfResponse } from "./errors.js";

/**
 * @typedef {object} HttpOptions
 * @property {any} [body] sent as JSON, unless it is a `FormData`
 * @property {string | null} [token]
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

export class Http {
  /** @param {URL} url @param {typeof globalThis.fetch} fetch */
  constructor(url, fetch) {
    this.url = url;
    this.fetch = fetch;
  }

  /**
   * @param {string} method
   * @param {string} path below the hub's address, with or without a leading slash
   * @param {HttpOptions} [options]
   * @returns {Promise<Response>} a 2xx answer
   */
  async send(method, path, { body, token, headers = {}, signal } = {}) {
    const isForm = typeof FormData !== "undefined" && body instanceof FormData;
    /** @type {Response} */
    let response;
    try {
      response = await this.fetch(new URL(path.replace(/^\//, ""), this.url), {
        method,
        headers: {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        body: body === undefined || isForm ? body : JSON.stringify(body),
        cache: "no-store",
        signal,
      });
    } catch (cause) {
      if (signal?.aborted) throw new ComptoirError("aborted", "Aborted.");
      throw new ComptoirError("disconnected", "The hub cannot be reached.");
    }
    if (!response.ok) throw await errorOfResponse(response);
    return response;
  }

  /**
   * As `send`, and reads the answer.
   * @param {string} method
   * @param {string} path
   * @param {HttpOptions} [options]
   * @returns {Promise<any>} the JSON, or undefined where the answer is empty
   */
  async json(method, path, options) {
    const response = await this.send(method, path, options);
    const text = await response.text();
    return text ? JSON.parse(text) : undefined;
  }
}
