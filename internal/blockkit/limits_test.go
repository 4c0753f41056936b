package blockkit_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/blockkit"
)

func section(n int) slack.Block {
	return slack.NewSectionBlock(mrkdwn(n), nil, nil)
}

func mrkdwn(n int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, strings.Repeat("x", n), false, true)
}

func plain(n int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, strings.Repeat("x", n), false, false)
}

func button(id string, text, value int) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, strings.Repeat("v", value), plain(text))
}

func menu(options, text, value int) *slack.SelectBlockElement {
	option := slack.NewOptionBlockObject(strings.Repeat("v", value), plain(text), nil)
	return slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain(10), "priority", slices.Repeat([]*slack.OptionBlockObject{option}, options)...)
}

func confirmed(title, text, press int) *slack.ButtonBlockElement {
	return button("resolve", 7, 1).WithConfirm(slack.NewConfirmationBlockObject(plain(title), plain(text), plain(press), plain(press)))
}

// Each limit from both sides.
func TestCheck(t *testing.T) {
	t.Parallel()
	actions := func(elements ...slack.BlockElement) slack.Block { return slack.NewActionBlock("", elements...) }
	fields := func(n, size int) slack.Block {
		return slack.NewSectionBlock(nil, slices.Repeat([]*slack.TextBlockObject{mrkdwn(size)}, n), nil)
	}
	context := func(n, size int) slack.Block {
		return slack.NewContextBlock("", slices.Repeat([]slack.MixedElement{mrkdwn(size)}, n)...)
	}
	buttons := func(n int) (all []slack.BlockElement) {
		for i := range n {
			all = append(all, button(strings.Repeat("a", i+1), 1, 1))
		}
		return all
	}
	withID := func(n int) slack.Block {
		return slack.NewSectionBlock(mrkdwn(1), nil, nil, slack.SectionBlockOptionBlockID(strings.Repeat("i", n)))
	}
	for name, tt := range map[string]struct{ fits, not []slack.Block }{
		"blocks":         {slices.Repeat([]slack.Block{section(1)}, 50), slices.Repeat([]slack.Block{section(1)}, 51)},
		"no blocks":      {one(slack.NewDividerBlock()), nil},
		"section":        {one(section(3000)), one(section(3001))},
		"empty text":     {one(section(1)), one(section(0))},
		"fields":         {one(fields(10, 2000)), one(fields(11, 2000))},
		"field":          {one(fields(1, 2000)), one(fields(1, 2001))},
		"header":         {one(slack.NewHeaderBlock(plain(150))), one(slack.NewHeaderBlock(plain(151)))},
		"context":        {one(context(10, 3000)), one(context(11, 1))},
		"empty context":  {one(context(1, 1)), one(context(0, 1))},
		"context text":   {one(context(1, 3000)), one(context(1, 3001))},
		"actions":        {one(actions(buttons(25)...)), one(actions(buttons(26)...))},
		"button":         {one(actions(button("take", 75, 2000))), one(actions(button("take", 76, 1)))},
		"button value":   {one(actions(button("take", 1, 2000))), one(actions(button("take", 1, 2001)))},
		"action id":      {one(actions(button(strings.Repeat("a", 255), 1, 1))), one(actions(button(strings.Repeat("a", 256), 1, 1)))},
		"action ids":     {one(actions(button("take", 1, 1), button("resolve", 1, 1))), one(actions(button("take", 1, 1), button("take", 1, 1)))},
		"block id":       {one(withID(255)), one(withID(256))},
		"block ids":      {[]slack.Block{withID(1), withID(2)}, []slack.Block{withID(1), withID(1)}},
		"options":        {one(actions(menu(100, 1, 1))), one(actions(menu(101, 1, 1)))},
		"option":         {one(actions(menu(1, 75, 75))), one(actions(menu(1, 76, 1)))},
		"option value":   {one(actions(menu(1, 1, 75))), one(actions(menu(1, 1, 76)))},
		"accessory":      {one(accessory(button("take", 75, 1))), one(accessory(button("take", 76, 1)))},
		"confirm title":  {one(actions(confirmed(100, 300, 30))), one(actions(confirmed(101, 1, 1)))},
		"confirm text":   {one(actions(confirmed(1, 300, 1))), one(actions(confirmed(1, 301, 1)))},
		"confirm button": {one(actions(confirmed(1, 1, 30))), one(actions(confirmed(1, 1, 31)))},
		"unknown type":   {one(section(1)), one(slack.NewImageBlock("https://example.com/i.png", "i", "", nil))},
		"emoji":          {one(emoji(1500)), one(emoji(1501))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := blockkit.Check(tt.fits); err != nil {
				t.Errorf("what fits: %v", err)
			}
			if blockkit.Check(tt.not) == nil {
				t.Error("took what Slack refuses")
			}
		})
	}
}

func one(b slack.Block) []slack.Block { return []slack.Block{b} }

func accessory(b *slack.ButtonBlockElement) slack.Block {
	return slack.NewSectionBlock(mrkdwn(1), nil, slack.NewAccessory(b))
}

// emoji outside the basic plane count twice.
func emoji(n int) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, strings.Repeat("🔴", n), false, true), nil, nil)
}
