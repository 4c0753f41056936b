package keystore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// dynamoRows are the rows in a table of DynamoDB, with string keys pk and sk. A workspace is one partition: its key, and
// those of its requests after it. Deliveries are another, and the ingress key, the mark and the tombstones have one each. Every read is a consistent one.
type dynamoRows struct {
	client *dynamodb.Client
	table  *string
	now    func() time.Time
}

const (
	dynamoTime     = 2 * time.Second // for one call
	dynamoAttempts = 6               // of each, by the SDK: every call may be repeated
	dynamoAtOnce   = 16              // calls, where each changes one item
	dynamoBatch    = 25              // items of one call that deletes
	dynamoReads    = 100             // items of one call that reads
)

// ErrBackups: the table would bring keys back that were destroyed.
var ErrBackups = errors.New("the key store's table must have no point-in-time recovery, no backups, no stream and no replicas")

// openDynamo uses a table with the region, the credentials and the endpoint that AWS's libraries find, and refuses one that
// keeps what is deleted from it.
func openDynamo(ctx context.Context, table string) (*dynamoRows, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(dynamoTime)))
	if err != nil {
		return nil, fmt.Errorf("open key store: %w", err)
	}
	if cfg.Region == "" {
		return nil, errors.New("open key store: no region: set AWS_REGION")
	}
	d := &dynamoRows{table: aws.String(table), now: time.Now, client: dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.Retryer = retry.AddWithErrorCodes(retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.RateLimiter = dynamoAttempts, ratelimit.None // the context of each call bounds it
			r.Backoff = retry.BackoffDelayerFunc(backoff)
		}), (*types.TransactionConflictException)(nil).ErrorCode())
	})}
	if e := d.client.Options().BaseEndpoint; e != nil && !private(*e) {
		return nil, errors.New("open key store: the endpoint for DynamoDB is neither https nor on this machine")
	}
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	if err := d.check(ctx); err != nil {
		return nil, fmt.Errorf("check table of key store: %w", err)
	}
	if err := d.makeMark(ctx); err != nil {
		return nil, fmt.Errorf("make mark of key store: %w", err)
	}
	return d, nil
}

// private reports whether nobody listens on the way to an endpoint.
func private(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (u.Scheme == "https" || slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname()))
}

// check is what makes the destruction of a key final.
func (d *dynamoRows) check(ctx context.Context) error {
	t, err := d.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: d.table})
	if err != nil {
		return err
	}
	if s := t.Table.StreamSpecification; s != nil && aws.ToBool(s.StreamEnabled) {
		return fmt.Errorf("%w: it has a stream", ErrBackups)
	}
	if len(t.Table.Replicas) > 0 {
		return fmt.Errorf("%w: it has replicas", ErrBackups)
	}
	c, err := d.client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: d.table})
	if err != nil {
		return err
	}
	recovery := c.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	if recovery == nil || recovery.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusDisabled {
		return fmt.Errorf("%w: point-in-time recovery is not disabled", ErrBackups)
	}
	b, err := d.client.ListBackups(ctx, &dynamodb.ListBackupsInput{TableName: d.table, BackupType: types.BackupTypeFilterAll})
	if err != nil {
		return err
	}
	if len(b.BackupSummaries) > 0 || b.LastEvaluatedBackupArn != nil {
		return fmt.Errorf("%w: it has backups", ErrBackups)
	}
	return nil
}

func (d *dynamoRows) close() {}

func (d *dynamoRows) ping(ctx context.Context) error {
	_, err := d.get(ctx, "ingress", "key")
	return err
}

func (d *dynamoRows) identity(ctx context.Context) (string, error) {
	t, err := d.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: d.table})
	if err != nil {
		return "", err
	}
	return aws.ToString(t.Table.TableArn), nil
}

func (d *dynamoRows) made() types.AttributeValue { return num(d.now().UnixMicro()) }
