package slacksim

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"
)

func (c control) uninstall() (object, error) {
	if !c.s.world.App.Installed {
		return nil, errors.New("app_not_installed")
	}
	c.s.uninstall()
	return object{}, nil
}

// reinstall is a browser that presses the app's install link and Allow.
func (c control) reinstall() (object, error) {
	c.s.mu.Lock()
	redirects := c.s.manifest.OAuth.RedirectURLs
	c.s.mu.Unlock()
	start, user := c.in.str("url"), c.in.str("user")
	if start == "" && len(redirects) > 0 {
		if u, err := url.Parse(redirects[0]); err == nil {
			start = u.ResolveReference(&url.URL{Path: "/slack/install"}).String()
		}
	}
	if user == "" {
		user = "U0ALEX"
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Path == "/oauth/v2/authorize" {
			q := r.URL.Query()
			q.Set("sim_user", user)
			q.Set("sim_allow", "1")
			r.URL.RawQuery = q.Encode()
		}
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		return nil
	}}
	res, err := browser.Get(start)
	if err != nil {
		return nil, fmt.Errorf("install: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("install: the app answered %d", res.StatusCode)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if !c.s.world.App.Installed {
		return nil, errors.New("install: the app did not finish")
	}
	return object{"status": res.StatusCode}, nil
}
