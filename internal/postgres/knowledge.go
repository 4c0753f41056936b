package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// blind gives stems as they are stored: whoever reads the database learns neither the words nor, without the workspace's
// key, whether a word is there.
func blind(key seal.Key, stems []string) []string {
	mac := hmac.New(sha256.New, key.Derive("kb-index").Bytes())
	hashes := make([]string, len(stems))
	for i, stem := range stems {
		mac.Reset()
		mac.Write([]byte(stem))
		hashes[i] = hex.EncodeToString(mac.Sum(nil)[:10])
	}
	return hashes
}

func (tx *Tx) entryAD(id helpdesk.EntryID) seal.AD {
	return seal.AD{Workspace: tx.workspace.String(), Table: "kb_entry", Column: "sealed", Row: id.String()}
}

// IndexedEntry is an entry with the stems by which it is found.
type IndexedEntry struct {
	helpdesk.Entry
	Stems []string
}

// PutEntries stores entries of the knowledge base, found again by their ids; their content is sealed under the workspace key,
// and their stems can be looked for. What is counted of them stays.
func (tx *Tx) PutEntries(ctx context.Context, entries []IndexedEntry, key seal.Key) error {
	var batch pgx.Batch
	for _, e := range entries {
		plain, err := json.Marshal(e.Content)
		if err != nil {
			return fmt.Errorf("encode entry %s: %w", e.ID, err)
		}
		batch.Queue(`
			insert into tenant.kb_entry (workspace_id, entry_id, key, sealed, words, active)
			values ($1, $2, $3, $4, array_to_tsvector($5::text[]), $6)
			on conflict (workspace_id, entry_id) do update
			set key = excluded.key, sealed = excluded.sealed, words = excluded.words, active = excluded.active`,
			tx.workspace, e.ID, e.Key, key.Seal(plain, tx.entryAD(e.ID)), blind(key, e.Stems), e.Active)
	}
	if err := tx.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("store %d entries of workspace %s: %w", len(entries), tx.workspace, err)
	}
	return nil
}

const selectEntry = `select entry_id, key, active, sealed from tenant.kb_entry `

func (tx *Tx) openEntry(row pgx.CollectableRow, key seal.Key, more ...any) (e helpdesk.Entry, err error) {
	var sealed []byte
	if err := row.Scan(append([]any{&e.ID, &e.Key, &e.Active, &sealed}, more...)...); err != nil {
		return e, err
	}
	plain, err := key.Open(sealed, tx.entryAD(e.ID))
	if err == nil {
		err = json.Unmarshal(plain, &e.Content)
	}
	if err != nil {
		return e, fmt.Errorf("open entry %s: %w", e.ID, err)
	}
	return e, nil
}

// Entry loads an entry of the knowledge base.
func (tx *Tx) Entry(ctx context.Context, id helpdesk.EntryID, key seal.Key) (helpdesk.Entry, error) {
	rows, err := tx.tx.Query(ctx, selectEntry+`where workspace_id = $1 and entry_id = $2`, tx.workspace, id)
	if err != nil {
		return helpdesk.Entry{}, fmt.Errorf("load entry %s: %w", id, err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (helpdesk.Entry, error) { return tx.openEntry(row, key) })
	if err != nil {
		return e, fmt.Errorf("load entry %s: %w", id, notFound(err))
	}
	return e, nil
}

// CountedEntry is an entry with what is counted of it.
type CountedEntry struct {
	helpdesk.Entry
	helpdesk.EntryCounts
}

// Entries lists the knowledge base by the entries' keys, after one, at most limit.
func (tx *Tx) Entries(ctx context.Context, key seal.Key, after string, limit int) ([]CountedEntry, error) {
	rows, err := tx.tx.Query(ctx, `
		select entry_id, key, active, sealed, offered, helpful, not_relevant, closed from tenant.kb_entry
		where workspace_id = $1 and key > $2 order by key limit $3`, tx.workspace, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list knowledge base of workspace %s: %w", tx.workspace, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e CountedEntry, err error) {
		e.Entry, err = tx.openEntry(row, key, &e.Offered, &e.Helpful, &e.NotRelevant, &e.Closed)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("list knowledge base of workspace %s: %w", tx.workspace, err)
	}
	return all, nil
}

// DropEntry deletes the entry with a key and what was offered of it. [helpdesk.ErrNotFound] where there is none.
func (tx *Tx) DropEntry(ctx context.Context, entryKey string) error {
	tag, err := tx.tx.Exec(ctx, `delete from tenant.kb_entry where workspace_id = $1 and key = $2`, tx.workspace, entryKey)
	if err == nil && tag.RowsAffected() == 0 {
		err = helpdesk.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("delete entry from workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// Candidates are the entries that share most with a message.
type Candidates struct {
	Entries []helpdesk.Entry
	Active  int            // how many entries there are to choose from
	With    map[string]int // how many of them have each stem
}

// FindEntries looks up the stems of a message among the active entries. It opens the best, at most limit. No index helps:
// behind a row policy Postgres uses one only for operators that leak nothing, and full-text search's are not of those; so it
// reads the workspace's entries, of which there are at most [helpdesk.MaxEntries].
func (tx *Tx) FindEntries(ctx context.Context, stems []string, key seal.Key, limit int) (c Candidates, err error) {
	c.With = make(map[string]int)
	hashes := blind(key, stems)
	rows, err := tx.tx.Query(ctx, `
		with query as materialized (select string_agg(distinct h, ' | ')::tsquery as q from unnest($2::text[]) as t(h)),
		active as materialized (select entry_id, key, words from tenant.kb_entry where workspace_id = $1 and active),
		counted as materialized (
		  select h, count(*) as n from active, unnest(tsvector_to_array(words)) as t(h) where h = any($2) group by h),
		best as materialized (
		  select entry_id, key, ts_rank(words, q) as rank from active, query where words @@ q order by rank desc, key limit $3)
		select e.entry_id, e.key, e.active, e.sealed, (select count(*) from active),
		  array(select coalesce(n, 0) from unnest($2::text[]) with ordinality as t(h, place) left join counted using (h) order by place)
		from best b join tenant.kb_entry e on e.workspace_id = $1 and e.entry_id = b.entry_id
		order by b.rank desc, b.key`, tx.workspace, hashes, limit)
	if err != nil {
		return c, fmt.Errorf("look into knowledge base of workspace %s: %w", tx.workspace, err)
	}
	var with []int
	c.Entries, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (helpdesk.Entry, error) {
		return tx.openEntry(row, key, &c.Active, &with)
	})
	if err != nil {
		return c, fmt.Errorf("look into knowledge base of workspace %s: %w", tx.workspace, err)
	}
	for i, n := range with {
		c.With[stems[i]] = n
	}
	return c, nil
}

// OfferAnswers switches the offering of answers in a channel on or off.
func (tx *Tx) OfferAnswers(ctx context.Context, id helpdesk.ChannelID, on bool) error {
	if _, err := tx.tx.Exec(ctx, `
		update tenant.channel set offer_answers = $3 where workspace_id = $1 and channel_id = $2`, tx.workspace, id, on); err != nil {
		return fmt.Errorf("offer answers in channel %s: %w", id, err)
	}
	return nil
}

// OffersAnswers reports whether answers are offered in a channel, and there are any.
func (tx *Tx) OffersAnswers(ctx context.Context, id helpdesk.ChannelID) (on bool, err error) {
	err = tx.tx.QueryRow(ctx, `
		select offer_answers and exists (select from tenant.kb_entry where workspace_id = $1 and active)
		from tenant.channel where workspace_id = $1 and channel_id = $2`, tx.workspace, id).Scan(&on)
	if err != nil {
		return false, fmt.Errorf("load answers of channel %s: %w", id, notFound(err))
	}
	return on, nil
}

// Offer loads what was offered on a request; its TS is "" where nothing was.
func (tx *Tx) Offer(ctx context.Context, id helpdesk.RequestID) (o helpdesk.Offer, err error) {
	err = tx.tx.QueryRow(ctx, `
		select entry_id, confidence, ts, case state when 'offered' then '' else state end
		from tenant.kb_offer where workspace_id = $1 and request_id = $2`, tx.workspace, id).
		Scan(&o.Entry, &o.Confidence, &o.TS, &o.Pressed)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return o, fmt.Errorf("load offer of request %s: %w", id, err)
	}
	return o, nil
}

// RecordOffer stores that an entry was offered on a request, and counts it; the first time counts.
func (tx *Tx) RecordOffer(ctx context.Context, id helpdesk.RequestID, o helpdesk.Offer) error {
	_, err := tx.tx.Exec(ctx, `
		with fresh as (
		  insert into tenant.kb_offer (workspace_id, request_id, entry_id, confidence, ts) values ($1, $2, $3, $4, $5)
		  on conflict do nothing returning entry_id)
		update tenant.kb_entry e set offered = offered + 1 from fresh where e.workspace_id = $1 and e.entry_id = fresh.entry_id`,
		tx.workspace, id, o.Entry, o.Confidence, o.TS)
	if err != nil {
		return fmt.Errorf("store offer of request %s: %w", id, err)
	}
	return nil
}

// RateOffer stores what was pressed of what was offered on a request, and counts it; the first time counts.
func (tx *Tx) RateOffer(ctx context.Context, id helpdesk.RequestID, pressed helpdesk.Action) error {
	_, err := tx.tx.Exec(ctx, `
		with rated as (
		  update tenant.kb_offer set state = $3 where workspace_id = $1 and request_id = $2 and state = 'offered' returning entry_id)
		update tenant.kb_entry e
		set helpful = helpful + ($3 = 'helpful')::int, not_relevant = not_relevant + ($3 = 'not_relevant')::int,
		    closed = closed + ($3 = 'close_resolved')::int
		from rated where e.workspace_id = $1 and e.entry_id = rated.entry_id`, tx.workspace, id, pressed)
	if err != nil {
		return fmt.Errorf("rate offer of request %s: %w", id, err)
	}
	return nil
}
