// @generated automatically by Diesel CLI.

diesel::table! {
    accounts_generation (id) {
        id -> BigInt,
        n -> BigInt,
    }
}

diesel::table! {
    acks (message_id, user_id) {
        message_id -> BigInt,
        user_id -> BigInt,
        username -> Text,
        at_ms -> BigInt,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at_ms -> BigInt,
        action -> Text,
        user_id -> Nullable<BigInt>,
        username -> Nullable<Text>,
        address -> Nullable<Text>,
        session -> Nullable<Text>,
        subject -> Nullable<Text>,
        detail -> Nullable<Text>,
        tables -> Nullable<Text>,
        rows_affected -> Nullable<BigInt>,
        commit_n -> Nullable<BigInt>,
        outcome -> Text,
        prev_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    audit_head (id) {
        id -> BigInt,
        last_id -> BigInt,
        entries -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    audit_shipped (epoch) {
        epoch -> Text,
        last_seq -> BigInt,
    }
}

diesel::table! {
    call_participants (call_id, number) {
        call_id -> BigInt,
        number -> BigInt,
        user_id -> Nullable<BigInt>,
        name -> Text,
        joined_at_ms -> BigInt,
        left_at_ms -> Nullable<BigInt>,
        left_how -> Nullable<Text>,
    }
}

diesel::table! {
    call_traces (call_id) {
        call_id -> BigInt,
        rung -> Text,
    }
}

diesel::table! {
    calls (id) {
        id -> BigInt,
        room_id -> BigInt,
        host_id -> BigInt,
        host_name -> Text,
        media -> Text,
        has_code -> Bool,
        state -> Text,
        reason -> Nullable<Text>,
        created_at_ms -> BigInt,
        started_at_ms -> Nullable<BigInt>,
        ended_at_ms -> Nullable<BigInt>,
        expires_at_ms -> BigInt,
    }
}

diesel::table! {
    events (n) {
        n -> BigInt,
        at_ms -> BigInt,
        kind -> Text,
        room_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        subject_id -> Nullable<BigInt>,
        slot -> Nullable<Text>,
    }
}

diesel::table! {
    events_kept (id) {
        id -> BigInt,
        oldest -> BigInt,
    }
}

diesel::table! {
    files (id) {
        id -> BigInt,
        owner_id -> BigInt,
        name -> Text,
        mime -> Text,
        size -> BigInt,
        sha256 -> Binary,
        stored -> Text,
        duration_ms -> Nullable<BigInt>,
        width -> Nullable<Integer>,
        height -> Nullable<Integer>,
        thumbnail -> Nullable<Text>,
        created_at_ms -> BigInt,
        sent -> Bool,
    }
}

diesel::table! {
    files_dropped (file_id) {
        file_id -> BigInt,
    }
}

diesel::table! {
    known_pairs (user_id, address) {
        user_id -> BigInt,
        address -> Text,
        last_login_at_ms -> BigInt,
    }
}

diesel::table! {
    logins (sid) {
        sid -> Text,
        user_id -> BigInt,
        address -> Text,
        user_agent -> Text,
        created_at_ms -> BigInt,
        last_used_at_ms -> BigInt,
        expires_at_ms -> BigInt,
    }
}

diesel::table! {
    notifications (id) {
        id -> BigInt,
        user_id -> BigInt,
        event -> Text,
        title -> Text,
        body -> Text,
        data -> Nullable<Text>,
        dedup_key -> Nullable<Text>,
        count -> BigInt,
        created_at_ms -> BigInt,
        read_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    members (room_id, user_id) {
        room_id -> BigInt,
        user_id -> BigInt,
        joined_at_ms -> BigInt,
    }
}

diesel::table! {
    mentions (user_id, room_id, seq) {
        user_id -> BigInt,
        room_id -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    messages (id) {
        id -> BigInt,
        room_id -> BigInt,
        seq -> BigInt,
        version -> BigInt,
        sender_id -> BigInt,
        sender_username -> Text,
        sender_display_name -> Text,
        sender_role -> Text,
        kind -> Text,
        content -> Text,
        file_id -> Nullable<BigInt>,
        context -> Nullable<Text>,
        reply_to -> Nullable<BigInt>,
        priority -> Text,
        needs_ack -> Bool,
        client_id -> Text,
        request_hash -> Binary,
        created_at_ms -> BigInt,
        edited_at_ms -> Nullable<BigInt>,
        deleted_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    notifications_shipped (epoch) {
        epoch -> Text,
        last_seq -> BigInt,
    }
}

diesel::table! {
    reactions (message_id, emoji, user_id) {
        message_id -> BigInt,
        emoji -> Text,
        user_id -> BigInt,
        username -> Text,
        at_ms -> BigInt,
    }
}

diesel::table! {
    receipts (room_id, user_id) {
        room_id -> BigInt,
        user_id -> BigInt,
        read_up_to -> BigInt,
        delivered_up_to -> BigInt,
    }
}

diesel::table! {
    presence (user_id) {
        user_id -> BigInt,
        last_seen_ms -> BigInt,
    }
}

diesel::table! {
    refresh_tokens (hash) {
        hash -> Binary,
        sid -> Text,
        parent -> Nullable<Binary>,
        expires_at_ms -> BigInt,
        first_used_at_ms -> Nullable<BigInt>,
        successor_used -> Bool,
    }
}

diesel::table! {
    rooms (id) {
        id -> BigInt,
        kind -> Text,
        name -> Nullable<Text>,
        unique_key -> Nullable<Text>,
        role -> Nullable<Text>,
        open -> Bool,
        created_by -> Nullable<BigInt>,
        created_at_ms -> BigInt,
        last_seq -> BigInt,
        retention_s -> Nullable<BigInt>,
        forgotten_up_to -> BigInt,
        departed -> BigInt,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    terminals (name) {
        name -> Text,
        address -> Text,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    urgent (message_id) {
        message_id -> BigInt,
        room_id -> BigInt,
        next_at_ms -> BigInt,
        repeats -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        display_name -> Text,
        role -> Text,
        lang -> Text,
        password_hash -> Text,
        active -> Bool,
        must_change_password -> Bool,
        created_at_ms -> BigInt,
        last_login_at_ms -> Nullable<BigInt>,
    }
}

diesel::joinable!(members -> users (user_id));
diesel::joinable!(call_participants -> calls (call_id));
diesel::joinable!(call_traces -> calls (call_id));
diesel::joinable!(known_pairs -> users (user_id));
diesel::joinable!(logins -> users (user_id));
diesel::joinable!(notifications -> users (user_id));
diesel::joinable!(refresh_tokens -> logins (sid));

diesel::allow_tables_to_appear_in_same_query!(
    accounts_generation,
    acks,
    audit,
    audit_head,
    audit_shipped,
    events,
    events_kept,
    call_participants,
    call_traces,
    calls,
    files,
    files_dropped,
    known_pairs,
    logins,
    members,
    mentions,
    messages,
    notifications,
    notifications_shipped,
    reactions,
    receipts,
    presence,
    refresh_tokens,
    rooms,
    settings,
    terminals,
    urgent,
    users,
);
