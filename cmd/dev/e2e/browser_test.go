package e2e_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// In a browser: post in the simulator's page, see the receipt. SCREENSHOTS names a directory to keep pictures in.
func TestInABrowser(t *testing.T) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 800))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 60*time.Second)
	defer cancel()

	const text = "Outlook does not send mail"
	message := `//article[contains(., "` + text + `")]`
	var picture, page []byte
	for _, step := range []struct {
		name string
		do   chromedp.Action
	}{
		{"open the simulator's page", chromedp.Navigate(running.Info.Slack + "/?as=" + rita + "&place=" + help)},
		{"see the composer", chromedp.WaitVisible(`main .composer textarea`)},
		{"write", chromedp.SendKeys(`main .composer textarea`, text)},
		{"send", chromedp.Click(`main .composer button.primary`)},
		{"see that somebody replied", chromedp.WaitVisible(message + `//button[contains(@class, "replies")]`)},
		{"open the thread", chromedp.Click(message + `//button[contains(@class, "replies")]`)},
		{"see the receipt", chromedp.WaitVisible(`//article[contains(., "E-mail or calendar problem")]`)},
		{"take a picture", chromedp.CaptureScreenshot(&picture)},
		{"open the Temporal UI", chromedp.Navigate(running.Info.TemporalUI + "/namespaces/echosynch/workflows")},
		{"see a request's workflow", chromedp.WaitVisible(`//a[contains(@href, "request%2F") or contains(., "request/")]`)},
		{"take a picture", chromedp.CaptureScreenshot(&page)},
	} {
		if err := chromedp.Run(ctx, step.do); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	if dir := os.Getenv("SCREENSHOTS"); dir != "" {
		for name, png := range map[string][]byte{"slack.png": picture, "temporal.png": page} {
			if err := os.WriteFile(dir+"/"+name, png, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}
