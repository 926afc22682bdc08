/** Of which tables the changes come: of all that the role may read, or of those that were asked for. */
import { hasCode } from "../errors.js";

export class Subscription {
  #connection;
  /** The last change of it. @type {Promise<void>} */
  #settled = Promise.resolve();
  /** @type {Promise<void>} */
  #wants = Promise.resolve();

  /** @param {import("../connection/connection.js").Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /** Narrows the changes that come, or widens them again. @param {string[] | "*"} tables */
  set(tables) {
    const before = this.#connection.tables;
    // At once: a connection that is opened meanwhile begins with it.
    this.#connection.tables = tables;
    this.#settled = this.#tell(tables).catch((error) => {
      if (hasCode(error, "disconnected")) return;
      // What is refused now would be refused at every reconnect.
      if (this.#connection.tables === tables) this.#connection.tables = before;
      throw error;
    });
    return this.#settled;
  }

  /**
   * Answers when the changes of this table come. One after the other: a table that is refused takes no other with it.
   * @param {string} table
   */
  want(table) {
    const turn = this.#wants.then(() => this.#add(table));
    this.#wants = turn.catch(() => {});
    return turn;
  }

  /** @param {string} table */
  async #add(table) {
    const { tables } = this.#connection;
    if (tables !== "*" && !tables.includes(table)) return this.set([...tables, table]);
    await this.#settled.catch(() => {});
  }

  /** @param {string[] | "*"} tables */
  async #tell(tables) {
    if (this.#connection.transport === "sse") this.#connection.restart();
    else if (this.#connection.online) await this.#connection.request({ type: "subscribe", tables });
  }
}
