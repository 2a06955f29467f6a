-- Runs unchanged on SQLite and PostgreSQL: TEXT and BIGINT only. Times are Unix milliseconds, days
-- are `2026-11-22`. A migration is never edited once released; see src/store/schema.rs.

-- The lowest schema number that a program must know to work with this schema.
CREATE TABLE compatibility (
    since BIGINT NOT NULL
);
INSERT INTO compatibility (since) VALUES (1);

-- Which updates of the platforms are being answered, or were.
CREATE TABLE seen (
    tenant  TEXT NOT NULL,
    key     TEXT NOT NULL,
    owner   TEXT NOT NULL,
    claimed BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    done    BIGINT NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX seen_claimed ON seen (claimed);

CREATE TABLE conversations (
    tenant  TEXT NOT NULL,
    thread  TEXT NOT NULL,
    version BIGINT NOT NULL,
    state   TEXT NOT NULL,
    since   BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (tenant, thread)
);
CREATE INDEX conversations_expires ON conversations (expires);

CREATE TABLE counters (
    tenant  TEXT NOT NULL,
    day     TEXT NOT NULL,
    channel TEXT NOT NULL,
    kind    TEXT NOT NULL,
    service TEXT NOT NULL,
    n       BIGINT NOT NULL,
    PRIMARY KEY (tenant, day, channel, kind, service)
);
CREATE INDEX counters_day ON counters (day);

CREATE TABLE feedback (
    tenant  TEXT NOT NULL,
    day     TEXT NOT NULL,
    channel TEXT NOT NULL,
    service TEXT NOT NULL,
    verdict TEXT NOT NULL,
    n       BIGINT NOT NULL,
    PRIMARY KEY (tenant, day, channel, service, verdict)
);
CREATE INDEX feedback_day ON feedback (day);

-- What only one replica may do at a time. The name says for which tenant, where it matters.
CREATE TABLE leases (
    name   TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);

-- The outage notes of a tenant, as TOML.
CREATE TABLE notes (
    tenant   TEXT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    text     TEXT NOT NULL,
    changed  BIGINT NOT NULL
);

-- Which catalog, offers or web hook is current for a tenant.
CREATE TABLE signals (
    tenant  TEXT NOT NULL,
    what    TEXT NOT NULL,
    hash    TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (tenant, what)
);
