package blockkit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf16"

	"github.com/slack-go/slack"
)

// maxBlocks is how many blocks a message may have.
const maxBlocks = 50

// limits are Slack's, by type: the characters of a string or of a text object, the items of a list. "fields[]" is each
// item of fields. Options and confirmations have no type and go by the field they stand in. A type that is not here
// is refused, so that who uses a new one looks its limits up: docs.slack.dev/reference/block-kit.
var limits = map[string]map[string]int{
	"section":        {"block_id": 255, "text": 3000, "fields": 10, "fields[]": 2000},
	"header":         {"block_id": 255, "text": 150},
	"context":        {"block_id": 255, "elements": 10},
	"actions":        {"block_id": 255, "elements": 25},
	"divider":        {"block_id": 255},
	"button":         {"action_id": 255, "text": 75, "value": 2000, "url": 3000, "accessibility_label": 75},
	"static_select":  {"action_id": 255, "placeholder": 150, "options": 100},
	"overflow":       {"action_id": 255, "options": 5},
	"options":        {"text": 75, "value": 75, "description": 75, "url": 3000},
	"initial_option": {"text": 75, "value": 75, "description": 75, "url": 3000},
	"confirm":        {"title": 100, "text": 300, "confirm": 30, "deny": 30},
	"mrkdwn":         {"text": 3000},
	"plain_text":     {"text": 3000},
}

// Check refuses blocks that Slack would refuse for their size, for an empty text or list, or for an id that stands
// twice: with invalid_blocks the whole message is lost. It counts in UTF-16 units, as Slack does not say in what it
// counts and no other unit gives more.
func Check(blocks []slack.Block) error {
	if n := len(blocks); n < 1 || n > maxBlocks {
		return fmt.Errorf("check blocks: %d of them, 1 to %d allowed", n, maxBlocks)
	}
	raw, err := json.Marshal(blocks)
	if err != nil {
		return fmt.Errorf("check blocks: %w", err)
	}
	var list []any
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("check blocks: %w", err)
	}
	c := checker{ids: map[string]bool{}}
	if err := c.list("blocks", list); err != nil {
		return fmt.Errorf("check blocks: %w", err)
	}
	return nil
}

// checker walks blocks as the JSON that Slack gets.
type checker struct{ ids map[string]bool }

func (c checker) list(field string, items []any) error {
	for i, item := range items {
		o, ok := item.(map[string]any)
		if !ok {
			return fmt.Errorf("%s[%d] is no object", field, i)
		}
		if err := c.object(field, o); err != nil {
			return fmt.Errorf("%s[%d]: %w", field, i, err)
		}
	}
	return nil
}

func (c checker) object(field string, o map[string]any) error {
	kind, ok := o["type"].(string)
	if !ok {
		kind = field
	}
	most, ok := limits[kind]
	if !ok {
		return fmt.Errorf("type %q has no limits here", kind)
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if limit, ok := most[name]; ok {
			if n := size(o[name]); n < 1 || n > limit {
				return fmt.Errorf("%s of %s is %d long, 1 to %d allowed", name, kind, n, limit)
			}
		}
		if err := c.field(name, most[name+"[]"], o[name]); err != nil {
			return err
		}
	}
	return nil
}

// field checks what stands in a field: each is the limit of its items, 0 where they have none but their own.
func (c checker) field(name string, each int, v any) error {
	switch v := v.(type) {
	case string:
		if name != "block_id" && name != "action_id" {
			return nil
		}
		if c.ids[name+v] {
			return fmt.Errorf("%s %q stands twice", name, v)
		}
		c.ids[name+v] = true
	case map[string]any:
		return c.object(name, v)
	case []any:
		for _, item := range v {
			if n := size(item); each > 0 && n > each {
				return fmt.Errorf("one of %s is %d long, %d allowed", name, n, each)
			}
		}
		return c.list(name, v)
	}
	return nil
}

// size is the length of a string or of a text object's text in UTF-16 units, or of a list in items.
func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(utf16.Encode([]rune(v)))
	case map[string]any:
		return size(v["text"])
	case []any:
		return len(v)
	}
	return 0
}
