package slacksim

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// blockProblem finds what Slack would refuse in blocks: the limits a product meets in practice, not the whole schema.
func blockProblem(blocks []any, most int) string {
	if len(blocks) > most {
		return fmt.Sprintf("no more than %d items allowed [json-pointer:/blocks]", most)
	}
	seen := map[string]bool{}
	for i, v := range blocks {
		b, ok := v.(map[string]any)
		if !ok {
			return fmt.Sprintf("must be an object [json-pointer:/blocks/%d]", i)
		}
		if problem := oneProblem(b); problem != "" {
			return fmt.Sprintf("%s [json-pointer:/blocks/%d]", problem, i)
		}
		id := object(b).str("block_id")
		if id != "" && seen[id] {
			return fmt.Sprintf("block_id already exists [json-pointer:/blocks/%d/block_id]", i)
		}
		seen[id] = true
	}
	return ""
}

func oneProblem(b object) string {
	switch b.str("type") {
	case "section":
		if b.object("text") == nil && b["fields"] == nil {
			return "missing required field: text"
		}
		return textProblem(b.object("text"), 3000)
	case "header":
		if b.object("text").str("type") != "plain_text" {
			return "must be plain_text"
		}
		return textProblem(b.object("text"), 150)
	case "actions":
		if n := len(b.objects("elements")); n == 0 || n > 25 {
			return "must have between 1 and 25 elements"
		}
		return elementsProblem(b.objects("elements"))
	case "context":
		if n := len(b.objects("elements")); n == 0 || n > 10 {
			return "must have between 1 and 10 elements"
		}
		return ""
	case "input":
		if b.object("element") == nil || b.object("label") == nil {
			return "missing required field: element or label"
		}
		return elementsProblem([]object{b.object("element")})
	case "divider", "image", "rich_text", "video", "markdown", "file", "table", "context_actions", "plan", "task_card", "alert":
		return ""
	}
	return "unsupported type: " + b.str("type")
}

func textProblem(t object, most int) string {
	switch {
	case t == nil:
		return ""
	case !slices.Contains([]string{"plain_text", "mrkdwn"}, t.str("type")):
		return "unsupported text type"
	case t.str("text") == "":
		return "must be more than 0 characters"
	case utf8.RuneCountInString(t.str("text")) > most:
		return fmt.Sprintf("must be less than %d characters", most+1)
	}
	return ""
}

func elementsProblem(elements []object) string {
	seen := map[string]bool{}
	for _, e := range elements {
		id := e.str("action_id")
		if id != "" && seen[id] {
			return "action_id already exists"
		}
		seen[id] = true
		if e.str("type") == "button" {
			if problem := textProblem(e.object("text"), 75); problem != "" || e.object("text") == nil {
				return "button text " + problem
			}
		}
		if options := e.objects("options"); e.str("type") == "static_select" && (len(options) > 100 || len(options) == 0 && e["option_groups"] == nil) {
			return "options must have between 1 and 100 items"
		}
		if n := len(e.objects("options")); e.str("type") == "overflow" && (n < 1 || n > 5) {
			return "options must have between 1 and 5 items"
		}
	}
	return ""
}

// number gives blocks without one a block_id, as Slack does, and elements without one an action_id.
func number(blocks []any) []any {
	out := make([]any, len(blocks))
	for i, v := range blocks {
		b := object(v.(map[string]any)) // blockProblem has checked
		if b.str("block_id") == "" {
			b = b.with(object{"block_id": fmt.Sprintf("b%d", i)})
		}
		out[i] = map[string]any(b)
	}
	return out
}

// element finds an interactive element and its block by action id.
func element(blocks []object, actionID string) (block, found object) {
	for _, b := range blocks {
		for _, e := range append(b.objects("elements"), b.object("accessory"), b.object("element")) {
			if e != nil && e.str("action_id") == actionID {
				return b, e
			}
		}
	}
	return nil, nil
}
