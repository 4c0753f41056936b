package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

const selectChannel = `
	select c.channel_id, c.slack_channel, c.state, c.since, c.read_from, c.external, c.allow_external
	from tenant.channel c `

func scanChannel(row pgx.Row) (helpdesk.Channel, error) {
	var c helpdesk.Channel
	err := row.Scan(&c.ID, &c.SlackID, &c.State, &c.Since, &c.ReadFrom, &c.External, &c.AllowExternal)
	return c, notFound(err)
}

// Channel loads a channel by our id.
func (tx *Tx) Channel(ctx context.Context, id helpdesk.ChannelID) (helpdesk.Channel, error) {
	c, err := scanChannel(tx.tx.QueryRow(ctx, selectChannel+`where c.workspace_id = $1 and c.channel_id = $2`, tx.workspace, id))
	if err != nil {
		return c, fmt.Errorf("load channel %s: %w", id, err)
	}
	return c, nil
}

// ChannelBySlackID loads a channel by any id it ever had in Slack.
func (tx *Tx) ChannelBySlackID(ctx context.Context, slackChannel string) (helpdesk.Channel, error) {
	c, err := scanChannel(tx.tx.QueryRow(ctx, selectChannel+`
		join tenant.channel_alias a using (workspace_id, channel_id)
		where c.workspace_id = $1 and a.workspace_id = $1 and a.slack_channel = $2`, tx.workspace, slackChannel))
	if err != nil {
		return c, fmt.Errorf("load channel by its Slack id: %w", err)
	}
	return c, nil
}

// JoinChannel records that the app was added to a channel at the given time and returns the channel. An event
// older than what is known changes nothing. The workspace's staff channel becomes staff, any other monitored.
func (tx *Tx) JoinChannel(ctx context.Context, slackChannel string, at time.Time) (helpdesk.Channel, error) {
	if _, err := tx.tx.Exec(ctx, `select from tenant.workspace where workspace_id = $1 for update`, tx.workspace); err != nil {
		return helpdesk.Channel{}, fmt.Errorf("join channel: %w", err) // one join at a time, or two make two channels
	}
	_, err := tx.tx.Exec(ctx, `
		with new as (
		  insert into tenant.channel (workspace_id, channel_id, slack_channel, state, since, read_from)
		  select w.workspace_id, $2, $3::text, case when w.staff_channel = $3 then 'staff' else 'monitored' end, $4, $4
		  from tenant.workspace w
		  where w.workspace_id = $1 and not exists (
		    select from tenant.channel_alias a where a.workspace_id = $1 and a.slack_channel = $3)
		  returning channel_id)
		insert into tenant.channel_alias (workspace_id, slack_channel, channel_id)
		select $1, $3, channel_id from new`, tx.workspace, helpdesk.NewChannelID(at), slackChannel, at)
	if err != nil {
		return helpdesk.Channel{}, fmt.Errorf("join channel: %w", err)
	}
	_, err = tx.tx.Exec(ctx, `
		update tenant.channel c
		set state = case when w.staff_channel = $2 then 'staff' else 'monitored' end,
		    since = $3, read_from = $3, introduced_at = null
		from tenant.workspace w, tenant.channel_alias a
		where w.workspace_id = $1 and a.workspace_id = $1 and a.slack_channel = $2
		  and c.workspace_id = $1 and c.channel_id = a.channel_id and c.state = 'left' and c.since < $3`,
		tx.workspace, slackChannel, at)
	if err != nil {
		return helpdesk.Channel{}, fmt.Errorf("join channel: %w", err)
	}
	return tx.ChannelBySlackID(ctx, slackChannel)
}

// Channels lists the channels that the app reads or posts to.
func (tx *Tx) Channels(ctx context.Context) ([]helpdesk.Channel, error) {
	rows, err := tx.tx.Query(ctx, `
		select channel_id, slack_channel, state, since, read_from, external, allow_external
		from tenant.channel where workspace_id = $1 and state <> 'left' order by channel_id`, tx.workspace)
	if err != nil {
		return nil, fmt.Errorf("list channels of workspace %s: %w", tx.workspace, err)
	}
	channels, err := pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Channel])
	if err != nil {
		return nil, fmt.Errorf("list channels of workspace %s: %w", tx.workspace, err)
	}
	return channels, nil
}

// LeaveChannel records that the app can no longer read a channel. It reports whether that changed anything: an
// event older than the last join does not.
func (tx *Tx) LeaveChannel(ctx context.Context, id helpdesk.ChannelID, at time.Time) (bool, error) {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.channel set state = 'left', since = $3
		where workspace_id = $1 and channel_id = $2 and state <> 'left' and since <= $3`, tx.workspace, id, at)
	if err != nil {
		return false, fmt.Errorf("leave channel %s: %w", id, err)
	}
	return tag.RowsAffected() == 1, nil
}

// RenumberChannel records that Slack gave a channel a new id; the older ones keep leading to it.
func (tx *Tx) RenumberChannel(ctx context.Context, id helpdesk.ChannelID, slackChannel string) error {
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.channel_alias (workspace_id, slack_channel, channel_id) values ($1, $2, $3)
		on conflict (workspace_id, slack_channel) do update set channel_id = excluded.channel_id`,
		tx.workspace, slackChannel, id)
	if err != nil {
		return fmt.Errorf("renumber channel %s: %w", id, err)
	}
	if _, err := tx.tx.Exec(ctx, `
		update tenant.channel set slack_channel = $3 where workspace_id = $1 and channel_id = $2`,
		tx.workspace, id, slackChannel); err != nil {
		return fmt.Errorf("renumber channel %s: %w", id, err)
	}
	return nil
}

// SetExternal records whether people outside the workspace are in the channel.
func (tx *Tx) SetExternal(ctx context.Context, id helpdesk.ChannelID, external bool) error {
	if _, err := tx.tx.Exec(ctx, `
		update tenant.channel set external = $3 where workspace_id = $1 and channel_id = $2`,
		tx.workspace, id, external); err != nil {
		return fmt.Errorf("set channel %s external: %w", id, err)
	}
	return nil
}

// AllowExternal records the admin's decision to read, or not to read, people outside the workspace.
func (tx *Tx) AllowExternal(ctx context.Context, id helpdesk.ChannelID, allow bool) error {
	if _, err := tx.tx.Exec(ctx, `
		update tenant.channel set allow_external = $3 where workspace_id = $1 and channel_id = $2`,
		tx.workspace, id, allow); err != nil {
		return fmt.Errorf("allow external people in channel %s: %w", id, err)
	}
	return nil
}

// AllowBot lists a bot whose messages open requests in the channel, or takes it from the list.
func (tx *Tx) AllowBot(ctx context.Context, id helpdesk.ChannelID, bot string, allow bool) error {
	if _, err := tx.tx.Exec(ctx, `
		update tenant.channel
		set allowed_bots = array_remove(allowed_bots, $3) || case when $4 then array[$3] else '{}' end
		where workspace_id = $1 and channel_id = $2`, tx.workspace, id, bot, allow); err != nil {
		return fmt.Errorf("allow bot in channel %s: %w", id, err)
	}
	return nil
}

// BotAllowed reports whether an admin listed the bot for the channel.
func (tx *Tx) BotAllowed(ctx context.Context, id helpdesk.ChannelID, bot string) (bool, error) {
	var bots []string
	err := tx.tx.QueryRow(ctx, `
		select allowed_bots from tenant.channel where workspace_id = $1 and channel_id = $2`, tx.workspace, id).Scan(&bots)
	if err != nil {
		return false, fmt.Errorf("load bots of channel %s: %w", id, notFound(err))
	}
	return slices.Contains(bots, bot), nil
}

// Introduced reports whether the app has introduced itself since it was last added.
func (tx *Tx) Introduced(ctx context.Context, id helpdesk.ChannelID) (bool, error) {
	var done bool
	err := tx.tx.QueryRow(ctx, `
		select introduced_at is not null from tenant.channel where workspace_id = $1 and channel_id = $2`,
		tx.workspace, id).Scan(&done)
	if err != nil {
		return false, fmt.Errorf("load introduction of channel %s: %w", id, notFound(err))
	}
	return done, nil
}

// MarkIntroduced records that the introduction stands in the channel.
func (tx *Tx) MarkIntroduced(ctx context.Context, id helpdesk.ChannelID, external bool, now time.Time) error {
	if _, err := tx.tx.Exec(ctx, `
		update tenant.channel set introduced_at = $3, external = $4 where workspace_id = $1 and channel_id = $2`,
		tx.workspace, id, now, external); err != nil {
		return fmt.Errorf("mark channel %s introduced: %w", id, err)
	}
	return nil
}
