/**
 * The shapes that travel, as types. Nothing here runs.
 *
 * @typedef {{ id: number, username: string, display_name: string, role: string, lang?: string }} User
 * @typedef {{ user_id: number, username: string, display_name: string, role: string, read_up_to?: number }} Member
 *
 * @typedef {object} QueryResult
 * @property {string[]} columns
 * @property {any[][]} rows
 * @property {number} rows_affected
 * @property {number | bigint | null} last_insert_id
 * @property {boolean} truncated
 * @property {number} commit
 * @property {boolean} [duplicate] the answer of the first time
 *
 * @typedef {object} Change the effect on one row
 * @property {string} table
 * @property {"insert" | "update" | "delete"} op
 * @property {Record<string, any>} key
 * @property {Record<string, any> | null} row
 * @property {Record<string, any> | null} old
 *
 * @typedef {object} DataChange one commit
 * @property {"data_change"} type
 * @property {string} cursor
 * @property {number} commit
 * @property {string} [at]
 * @property {{ user_id: number, username: string, session: string | null, function?: string } | null} [by]
 * @property {Change[]} [changes]
 * @property {boolean} [truncated] too large: fetch `tables` again
 * @property {string[]} [tables]
 *
 * @typedef {object} FileInfo
 * @property {number} id
 * @property {string} name
 * @property {string} mime
 * @property {number} size
 * @property {string} url
 * @property {number | null} [duration_ms]
 * @property {number | null} [width]
 * @property {number | null} [height]
 * @property {string | null} [thumbnail_url]
 *
 * @typedef {object} Message
 * @property {number | null} id null: a local echo, not answered yet
 * @property {number} room
 * @property {number | null} seq its place in the room
 * @property {number} version the highest is the newest
 * @property {User | Member | any} sender
 * @property {"text" | "image" | "file" | "audio"} kind
 * @property {string} content
 * @property {FileInfo | null} file
 * @property {{ type: string, id: any, label?: string } | null} context
 * @property {number | null} reply_to
 * @property {"normal" | "important" | "urgent"} priority
 * @property {boolean} needs_ack
 * @property {{ count: number, names: string[] }} acks
 * @property {{ emoji: string, count: number, names: string[] }[]} reactions
 * @property {string | null} client_id
 * @property {string} created_at
 * @property {string | null} edited_at
 * @property {boolean} deleted
 * @property {boolean} [pending] in the queue
 * @property {import("./errors.js").ComptoirError} [failed] refused by the hub
 * @property {string[]} [highlights] found words
 *
 * @typedef {object} RoomInfo
 * @property {number} id
 * @property {"direct" | "group" | "role" | "everyone" | "legacy"} kind
 * @property {string | null} name
 * @property {string | null} [role]
 * @property {boolean} [open]
 * @property {boolean} [joined]
 * @property {number | null} [created_by]
 * @property {string} [created_at]
 * @property {Member[]} members
 * @property {number} [member_count]
 * @property {number} last_seq
 * @property {Message | null} last_message a preview: long content is cut, with `truncated`; the timeline has it whole
 * @property {number} read_up_to
 * @property {number} unread
 * @property {number} mentions
 *
 * @typedef {object} Notification
 * @property {number} id
 * @property {string} event
 * @property {string} title
 * @property {string} body
 * @property {Record<string, any> | null} data
 * @property {number} count
 * @property {string} created_at
 * @property {boolean} read
 *
 * @typedef {object} PresenceInfo
 * @property {number} user_id
 * @property {string} username
 * @property {string} role
 * @property {"online" | "away" | "busy" | "offline"} status
 * @property {string | null} status_text
 * @property {number} connections
 * @property {string | null} last_seen
 *
 * @typedef {object} SendOptions
 * @property {"text" | "image" | "file" | "audio"} [kind]
 * @property {number | FileInfo} [file] an uploaded file
 * @property {{ type: string, id: any, label?: string }} [context] what it is about
 * @property {number} [reply_to] id of a message
 * @property {"normal" | "important" | "urgent"} [priority]
 * @property {boolean} [needs_ack]
 */
export {};
