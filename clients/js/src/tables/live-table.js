/**
 * A result set that stays current: a snapshot, then every change of the stream that the snapshot did not have.
 *
 * The two are joined by `commit`. Changes are collected from before the snapshot is asked for; those at or below the
 * snapshot's commit are in it already and are passed over, the others are applied in order. So nothing is missed and
 * nothing is done twice, whatever happens between.
 */
import { Channel } from "../channel.js";
import { Emitter } from "../emitter.js";
import { ComptoirError, isTransient } from "../errors.js";
import { nextFrame } from "../next-frame.js";
import { decodeRow } from "../values.js";
import { SortedRows } from "./sorted-rows.js";
import { listPath } from "./table.js";

/** @typedef {{ keys: Set<string>, reloaded: boolean }} Updated `keys`: of rows that came, changed or went (`live.keyOf`) */

/** A snapshot of several pages is begun anew when a row went meanwhile, which shifts the pages. */
const MOST_ATTEMPTS = 5;

/**
 * Events: `change` ({ keys, reloaded }), at most one for each drawn frame; `error` (it cannot be read: `live.error`).
 */
export class LiveTable extends Emitter {
  /** The first snapshot is there. @type {Promise<this>} */
  ready;
  loaded = false;
  /** @type {ComptoirError | null} */
  error = null;
  /** The commit up to which `rows` is current. */
  commit = 0;

  #access;
  #selection;
  /** @type {SortedRows | null} */
  #rows = null;
  /** Changes since the snapshot was asked for; null: it is here, changes are applied as they come. */
  /** @type {import("../types.js").DataChange[] | null} */
  #waiting = [];
  #loading = false;
  #stale = false;
  #closed = false;
  /** @type {Set<string>} */
  #touched = new Set();
  #reloaded = false;
  #scheduled = false;
  /** @type {import("../emitter.js").Stop[]} */
  #stops = [];
  /** @type {(live: this) => void} */
  #settleReady = () => {};
  /** @type {(error: unknown) => void} */
  #failReady = () => {};

  /**
   * @param {import("./access.js").TableAccess} access
   * @param {import("./table.js").Selection} selection
   * @param {{ signal?: AbortSignal }} options
   */
  constructor(access, selection, { signal }) {
    super();
    this.#access = access;
    this.#selection = selection;
    this.ready = new Promise((resolve, reject) => ([this.#settleReady, this.#failReady] = [resolve, reject]));
    this.ready.catch(() => {}); // also told by `error`
    signal?.addEventListener("abort", () => this.close(), { once: true });
    if (signal?.aborted) return;
    this.#stops = [
      access.events.on("data_change", (commit) => this.#onCommit(commit)),
      access.events.on("resync", () => this.reload()),
      access.events.on("closed", () => this.close()),
      access.events.on("online", () => this.#stale && this.reload()),
    ];
    this.reload();
  }

  /** The rows, in order. The array is another after each change. @returns {Record<string, any>[]} */
  get rows() {
    return (this.#shown ??= this.#project());
  }

  /** @type {Record<string, any>[] | null} */
  #shown = null;

  #project() {
    const rows = this.#rows?.rows ?? [];
    const columns = this.#selection.columns;
    if (!columns) return rows.slice();
    return rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
  }

  /** What `change` calls this row. Needs the key columns. @param {Record<string, any>} row */
  keyOf(row) {
    return this.#rows?.keyOf(row) ?? "";
  }

  /** Fetches everything again. */
  reload() {
    this.#stale = true;
    this.#waiting ??= [];
    if (this.#loading || this.#closed) return;
    this.#loading = true;
    void this.#load().finally(() => (this.#loading = false));
  }

  /** The rows after each change, for `for await`; the present ones first. @returns {AsyncIterableIterator<Record<string, any>[]>} */
  [Symbol.asyncIterator]() {
    /** @type {Channel<Record<string, any>[]>} */
    const channel = new Channel({ onEnd: () => stops.forEach((stop) => stop()) });
    const stops = [this.on("change", () => channel.push(this.rows)), this.on("close", () => channel.end())];
    if (this.loaded) channel.push(this.rows);
    return channel;
  }

  close() {
    this.#closed = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.emit("close");
  }

  async #load() {
    while (this.#stale && !this.#closed) {
      await this.#access.connected();
      this.#stale = false;
      this.#waiting = [];
      try {
        const shape = await this.#access.shape(this.#selection.table);
        // Before the snapshot, so that no change falls between the two.
        await this.#access.wanted(this.#selection.table);
        await this.#snapshot(shape);
      } catch (error) {
        if (this.#closed) return;
        this.#stale = true;
        if (isTransient(error)) {
          await new Promise((resolve) => setTimeout(resolve, 250 + Math.random() * 750));
          continue;
        }
        // Not until something about the rights changes: `resync` says so.
        this.error = error instanceof ComptoirError ? error : new ComptoirError("internal", String(error));
        this.#failReady(this.error);
        this.emit("error", this.error);
        return;
      }
    }
  }

  /** @param {import("./access.js").TableShape} shape */
  async #snapshot(shape) {
    const { columns, where, order, limit } = this.#selection;
    const needed = columns && [
      ...new Set([...columns, ...shape.key, ...where.map(({ column }) => column), ...order.map(({ column }) => column)]),
    ];
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      /** @type {Record<string, any>[]} */
      const rows = [];
      /** What the first page had: all later changes are applied, so that the pages need not be of one commit. */
      let floor = this.#access.lastCommit();
      let complete = false;
      while (!complete && (limit === null || rows.length < limit)) {
        const size = Math.min(this.#access.pageSize(), limit === null ? Infinity : limit - rows.length);
        const page = { ...this.#selection, columns: needed, limit: size };
        const { body, commit } = await this.#access.read(listPath(page, { offset: rows.length }));
        if (rows.length === 0 && commit !== null) floor = commit;
        rows.push(...body.map(decodeRow));
        complete = body.length < size;
      }
      if (this.#stale || this.#closed) return;
      if (rows.length > this.#access.pageSize() && this.#rowsWentSince(floor)) continue;
      return this.#accept(shape, rows, complete, floor);
    }
    this.#stale = true;
  }

  /** @param {number} floor */
  #rowsWentSince(floor) {
    return (this.#waiting ?? []).some(
      ({ commit, changes }) => commit > floor && changes?.some(({ op, table }) => this.#isOurs(table) && op !== "insert"),
    );
  }

  /**
   * @param {import("./access.js").TableShape} shape
   * @param {Record<string, any>[]} rows
   * @param {boolean} complete
   * @param {number} commit
   */
  #accept({ key, columns }, rows, complete, commit) {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.#rows = new SortedRows({ ...this.#selection, keyColumns: key, columns });
    this.#rows.replace(rows, complete);
    this.commit = commit;
    this.error = null;
    this.#reloaded = true;
    for (const later of waiting) this.#apply(later);
    this.loaded = true;
    this.#announce();
    this.#settleReady(this);
  }

  /** @param {import("../types.js").DataChange} commit */
  #onCommit(commit) {
    if (this.#waiting) this.#waiting.push(commit);
    else this.#apply(commit);
    // Changes pile up while the hub cannot be asked; what they add up to will be asked instead.
    if (this.#waiting && this.#waiting.length > 10_000) this.reload();
  }

  /** @param {import("../types.js").DataChange} commit */
  #apply({ commit, changes, truncated, tables }) {
    if (commit <= this.commit) return;
    if (truncated) {
      if (tables?.some((table) => this.#isOurs(table))) this.reload();
      return;
    }
    this.commit = commit;
    for (const change of changes ?? []) {
      if (!this.#isOurs(change.table) || !this.#rows) continue;
      const outcome = this.#rows.apply(change);
      if (outcome === "same") continue;
      this.#touched.add(this.#rows.keyOf(change.key));
      this.#announce();
      if (outcome === "incomplete") this.reload();
    }
  }

  /** Names of tables are the same in any case. @param {string} table */
  #isOurs(table) {
    return table.toLowerCase() === this.#selection.table.toLowerCase();
  }

  #announce() {
    this.#shown = null;
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextFrame(() => {
      this.#scheduled = false;
      const detail = { keys: this.#touched, reloaded: this.#reloaded };
      this.#touched = new Set();
      this.#reloaded = false;
      if (!this.#closed) this.emit("change", detail);
    });
  }
}
