package config

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"github.com/echo-synch/echo-synch/internal/secret"
)

const (
	ssmPath     = "SSM_PATH"
	ssmTime     = 3 * time.Second  // for one call
	ssmAttempts = 5                // of each, by the SDK
	ssmPause    = 2 * time.Second  // at most, between two of them
	ssmWithin   = 20 * time.Second // for all of it
)

// LoadStored is [Load], with what the environment lacks taken from the Parameter Store, where SSM_PATH names a path of it:
// /echo-synch/production/DATABASE_URL is DATABASE_URL. It is asked once, for all parameters directly under the path,
// decrypted, with the credentials and the region that AWS's libraries find, and has twenty seconds.
//
// Where both have a value the environment's counts, so that an operator can try another one in one place. That is usually
// a mistake, and so are parameters that no command reads: remarks name both. They keep nobody from starting, because the next
// release may have a setting that this one does not know; but where something else is wrong they are problems like the others.
func LoadStored(ctx context.Context, getenv func(string) string, need Need) (c Config, remarks Problems, err error) {
	if getenv(ssmPath) == "" {
		c, err = Load(getenv, need)
		return c, nil, err
	}
	stored, problem := store(nil), inClearTo(getenv)
	if problem.What == "" {
		stored, problem = parameters(ctx, getenv(ssmPath))
	}
	if problem.What != "" {
		c, err = load(getenv, need, Problems{problem})
		return c, nil, err
	}
	remarks = stored.remarks(getenv)
	c, err = Load(func(name string) string {
		if value := getenv(name); value != "" {
			return value
		}
		return stored[name].Reveal()
	}, need)
	if problems, ok := errors.AsType[Problems](err); ok {
		return Config{}, nil, append(problems, remarks...)
	}
	return c, remarks, err
}

// store is what the Parameter Store has under the path, by the last part of its name.
type store map[string]secret.Value

// remarks tell, without values, what looks like a mistake.
func (s store) remarks(getenv func(string) string) (remarks Problems) {
	known := variables()
	for name := range s {
		switch {
		case name == ssmPath || !slices.ContainsFunc(known, func(v Variable) bool { return v.Name == name }):
			remarks = append(remarks, Problem{name, "stands under SSM_PATH, but is no setting", "correct its name or remove it there"})
		case getenv(name) != "":
			remarks = append(remarks, Problem{name, "stands in the environment and under SSM_PATH; the environment's value counts", "remove one of them"})
		}
	}
	slices.SortFunc(remarks, func(a, b Problem) int { return strings.Compare(a.Name, b.Name) })
	return remarks
}

// parameters reads what stands directly under a path.
func parameters(ctx context.Context, under string) (store, Problem) {
	if !strings.HasPrefix(under, "/") || strings.Trim(under, "/") == "" {
		return nil, Problem{ssmPath, "is not a path", "write it like /echo-synch/production"}
	}
	ctx, cancel := context.WithTimeout(ctx, ssmWithin)
	defer cancel()
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(ssmTime)),
		awsconfig.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = ssmAttempts, ssmPause })
		}))
	if err != nil {
		return nil, unread(err)
	}
	if cfg.Region == "" {
		return nil, Problem{ssmPath, "is set, but no region", "set AWS_REGION"}
	}
	found := make(store)
	pages := ssm.NewGetParametersByPathPaginator(ssm.NewFromConfig(cfg), &ssm.GetParametersByPathInput{
		Path: aws.String(under), WithDecryption: aws.Bool(true),
	}, func(o *ssm.GetParametersByPathPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, unread(err)
		}
		for _, p := range page.Parameters {
			found[path.Base(aws.ToString(p.Name))] = secret.New(aws.ToString(p.Value))
		}
	}
	if len(found) == 0 {
		return nil, Problem{ssmPath, "names a path without parameters", "correct it, or the region"}
	}
	return found, Problem{}
}

// refusals are the kinds of refusal that AWS names and an operator can mend.
var refusals = map[string]string{
	"AccessDeniedException": "allow this role ssm:GetParametersByPath on the path and kms:Decrypt on the key of its parameters",
	"InvalidKeyId":          "the KMS key of a parameter is disabled, deleted or out of reach: enable it, or store the parameter anew",
	"ThrottlingException":   "AWS has had too many calls: start again in a minute",
	"ValidationException":   "correct the path: it begins with a slash and is no parameter itself",
}

// unread says why nothing could be read, by the kind of error only: its text names accounts and roles.
func unread(err error) Problem {
	refused, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return Problem{ssmPath, "cannot be read: no answer", "check the region, the credentials and the way to AWS"}
	}
	remedy, ok := refusals[refused.ErrorCode()]
	if !ok {
		remedy = "see what AWS says about this kind of error"
	}
	return Problem{ssmPath, "cannot be read: " + refused.ErrorCode(), remedy}
}

// inClearTo finds an address that would have secrets cross a network in clear. AWS's libraries read these by themselves.
func inClearTo(getenv func(string) string) Problem {
	if env := Env(getenv("ECHO_ENV")); env == Dev || env == Selfhost {
		return Problem{}
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL"} {
		if address := getenv(name); address != "" && !strings.HasPrefix(address, "https://") {
			return Problem{name, "is not https", "production needs https"}
		}
	}
	return Problem{}
}
