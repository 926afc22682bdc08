/** Who is logged in: tokens, their renewal before they expire, logging in and out. */
import { Emitter } from "../emitter.js";
import { ComptoirError, isTransient } from "../errors.js";

/**
 * @typedef {{ username: string, password: string }} Credentials
 * @typedef {object} Grant what `POST /api/auth` answers
 * @property {string} token
 * @property {string} [refresh_token]
 * @property {number} [expires_in] seconds
 * @property {import("../types.js").User} [user]
 * @property {boolean} [password_change_required]
 */

/** A token ends with its second, wherever in a second it began; and a request takes a moment. */
const MARGIN_MS = 1_000;

/** The longest timer that browsers keep. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Events: `token` (a new access token), `user` (who it is, or null), `required` (somebody must log in).
 */
export class Auth extends Emitter {
  /** @type {import("../types.js").User | null} */
  user = null;
  /** The account must set a new password before anything else. */
  passwordChangeRequired = false;

  #http;
  #store;
  #login;
  #given;
  /** @type {string | null} */
  #token = null;
  #expiresAt = 0;
  /** @type {string | null} */
  #refreshToken = null;
  /** @type {Promise<string> | null} */
  #renewing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Promise<void> | null} */
  #restored = null;
  #closed = false;

  /**
   * @param {object} options
   * @param {import("../http.js").Http} options.http
   * @param {import("./token-stores.js").TokenStore} options.store
   * @param {Credentials | (() => Credentials | null | Promise<Credentials | null>)} [options.login]
   * @param {string | Grant | (() => string | Grant | Promise<string | Grant>)} [options.token]
   */
  constructor({ http, store, login, token }) {
    super();
    this.#http = http;
    this.#store = store;
    this.#login = login;
    this.#given = token;
    store.watch?.((kept) => (this.#refreshToken = kept.refresh_token));
  }

  /** Takes up the login of an earlier run. Later calls do nothing. */
  restore() {
    return (this.#restored ??= this.#restore());
  }

  async #restore() {
    if (this.#given || (this.#login && typeof this.#login === "object")) return;
    const kept = await this.#store.load();
    if (!kept) return;
    this.#refreshToken = kept.refresh_token;
    this.#setUser(kept.user);
  }

  /**
   * A token that is valid for a moment yet.
   * @returns {Promise<string>}
   */
  async token() {
    await this.restore();
    if (this.#token && Date.now() < this.#expiresAt) return this.#token;
    return this.renew();
  }

  /**
   * Another token, whatever the present one is good for.
   * @returns {Promise<string>}
   */
  renew() {
    return (this.#renewing ??= this.#renew().finally(() => (this.#renewing = null)));
  }

  async #renew() {
    await this.restore();
    if (this.#refreshToken) {
      try {
        return this.#take(
          await this.#http.json("POST", "/api/auth/refresh", { body: { refresh_token: this.#refreshToken } }),
        );
      } catch (error) {
        if (!(error instanceof ComptoirError) || error.code !== "unauthorized") throw error;
        this.#forget();
      }
    }
    if (this.#given) {
      const given = typeof this.#given === "function" ? await this.#given() : this.#given;
      if (typeof this.#given !== "function") this.#given = undefined;
      return this.#take(typeof given === "string" ? { token: given } : given);
    }
    const login = this.#login;
    const credentials = typeof login === "function" ? await login() : login;
    if (!credentials) throw new ComptoirError("login_required", "Nobody is logged in.");
    try {
      const token = await this.#enter(credentials);
      this.#dropPassword();
      return token;
    } catch (error) {
      if (!isTransient(error)) this.#dropPassword();
      throw error;
    }
  }

  /** Given once, used once: a password is not kept longer than it takes to log in. */
  #dropPassword() {
    if (typeof this.#login === "object") this.#login = undefined;
  }

  /**
   * Logs in, whoever was before.
   * @param {Credentials} credentials
   */
  async login({ username, password }) {
    await this.#enter({ username, password });
    return this.user;
  }

  /** @param {Credentials} credentials */
  async #enter({ username, password }) {
    return this.#take(await this.#http.json("POST", "/api/auth", { body: { username, password } }));
  }

  /** The hub said whose token this is. @param {import("../types.js").User} user */
  known(user) {
    this.#setUser(user);
  }

  /** Ends this login on the hub; locally even where the hub cannot be reached. */
  async logout() {
    const token = this.#token;
    this.#forget();
    // Who logs out wants to be out: nobody is asked for a login until `login` is called.
    this.#login = undefined;
    this.#given = undefined;
    this.#setUser(null);
    if (!token) return;
    try {
      await this.#http.send("POST", "/api/auth/logout", { token });
    } catch (error) {
      if (!(error instanceof ComptoirError) || !["unauthorized", "disconnected"].includes(error.code)) throw error;
    }
  }

  /** @param {{ current: string, new: string }} passwords */
  async changePassword(passwords) {
    await this.#http.send("POST", "/api/me/password", { token: await this.token(), body: passwords });
    this.passwordChangeRequired = false;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#store.close?.();
  }

  /** @param {Grant} grant @returns {string} */
  #take(grant) {
    const lifetime = (grant.expires_in ?? lifetimeOf(grant.token)) * 1000 - MARGIN_MS;
    this.#token = grant.token;
    this.#expiresAt = Date.now() + lifetime;
    this.passwordChangeRequired = grant.password_change_required ?? false;
    if (grant.refresh_token) {
      this.#refreshToken = grant.refresh_token;
      if (grant.user) void this.#store.save({ refresh_token: grant.refresh_token, user: grant.user });
    }
    if (grant.user) this.#setUser(grant.user);
    clearTimeout(this.#timer);
    // What was under way at the end must not keep the program from ending.
    if (!this.#closed && (this.#refreshToken || typeof this.#given === "function")) {
      // Somewhere in the third quarter, so that the terminals of a house do not all come at once.
      const soon = lifetime * (0.5 + Math.random() * 0.25);
      this.#timer = setTimeout(() => void this.renew().catch(() => this.#retrySoon()), Math.min(soon, MAX_TIMER_MS));
    }
    this.emit("token", grant.token);
    return grant.token;
  }

  /** The hub may be away for a moment; while the token lasts there is time to try again. */
  #retrySoon() {
    const left = this.#expiresAt - Date.now();
    if (left <= 0 || !this.#refreshToken || this.#closed) return;
    this.#timer = setTimeout(() => void this.renew().catch(() => this.#retrySoon()), Math.min(Math.max(left / 3, 1000), left));
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#token = null;
    this.#refreshToken = null;
    void this.#store.save(null);
  }

  /** @param {import("../types.js").User | null} user */
  #setUser(user) {
    const changed = user?.id !== this.user?.id || !user !== !this.user;
    this.user = user;
    if (changed) this.emit("user", user);
  }
}

/**
 * How long a bare token lasts, in seconds. Its two times are compared with each other, not with this machine's clock.
 * @param {string} token
 */
function lifetimeOf(token) {
  try {
    const part = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    const { exp, iat } = JSON.parse(atob(part));
    return exp - iat;
  } catch {
    return 900;
  }
}
