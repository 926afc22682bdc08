/** What this user may do: asked once, and anew where the rights may have changed. */

export class Rights {
  #get;
  /** @type {Map<string, Promise<any>>} */
  #answers = new Map();

  /** @param {(path: string) => Promise<any>} get */
  constructor(get) {
    this.#get = get;
  }

  /** Role, tables, functions, contacts. */
  me() {
    return this.#once("/api/me");
  }

  /** Tables, columns, keys and functions that the role may use. */
  schema() {
    return this.#once("/api/schema");
  }

  /** A table as the role sees it. @param {string} name */
  async table(name) {
    const { tables } = await this.schema();
    return tables.find((/** @type {any} */ one) => one.name.toLowerCase() === name.toLowerCase());
  }

  /** Whether a function of the pack only reads. @param {string} name */
  async onlyReads(name) {
    try {
      const { functions } = await this.me();
      return functions.find((/** @type {any} */ one) => one.name === name)?.read_only === true;
    } catch {
      return false; // a read in the queue does no harm, a write outside of it may
    }
  }

  forget() {
    this.#answers.clear();
  }

  /** @param {string} path @returns {Promise<any>} */
  #once(path) {
    const known = this.#answers.get(path);
    if (known) return known;
    const answer = this.#get(path);
    this.#answers.set(path, answer);
    answer.catch(() => this.#answers.get(path) === answer && this.#answers.delete(path));
    return answer;
  }
}
