package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// kmsPrefix marks what KMS wrapped, so that another wrapper's blob is refused by name.
var kmsPrefix = []byte("kms:")

const (
	kmsTime     = 3 * time.Second // for one call
	kmsAttempts = 3               // of each, by the SDK: every call may be repeated
)

// KMS wraps under a key of AWS KMS that never leaves it. What a key is wrapped for is the encryption context, which KMS
// enforces and writes to its log: ids of ours only.
type KMS struct {
	client *kms.Client
	keys   []string // the first one wraps, all open
}

// OpenKMS uses the KMS key with the given id, ARN or alias, and the credentials that AWS's libraries find. endpoint replaces
// AWS's address; "" is AWS itself. What an older key has wrapped opens where that key is given as well; a blob that names
// any other is refused, whoever may use it. It calls nobody yet.
func OpenKMS(ctx context.Context, key, endpoint string, older ...string) (*KMS, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(kmsTime)), awsconfig.WithRetryMaxAttempts(kmsAttempts))
	if err != nil {
		return nil, fmt.Errorf("open KMS: %w", err)
	}
	if cfg.Region == "" {
		return nil, errors.New("open KMS: no region: set AWS_REGION")
	}
	return &KMS{keys: append([]string{key}, older...), client: kms.NewFromConfig(cfg, func(o *kms.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
	})}, nil
}

// encryptionContext is what KMS binds a blob to.
func (c Context) encryptionContext() map[string]string {
	m := map[string]string{"app": "echo-synch", "purpose": c.Purpose}
	if c.Workspace != "" {
		m["workspace"] = c.Workspace
	}
	return m
}

// Wrap implements [Wrapper].
func (k *KMS) Wrap(ctx context.Context, c Context, plain []byte) ([]byte, error) {
	out, err := k.client.Encrypt(ctx, &kms.EncryptInput{
		KeyId: aws.String(k.keys[0]), Plaintext: plain, EncryptionContext: c.encryptionContext(),
	})
	if err != nil {
		return nil, fmt.Errorf("wrap %s: %w", c.Purpose, err)
	}
	return append(bytes.Clone(kmsPrefix), out.CiphertextBlob...), nil
}

// Generate implements [Wrapper].
func (k *KMS) Generate(ctx context.Context, c Context) (Key, []byte, error) {
	out, err := k.client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: aws.String(k.keys[0]), KeySpec: types.DataKeySpecAes256, EncryptionContext: c.encryptionContext(),
	})
	if err != nil {
		return Key{}, nil, fmt.Errorf("generate %s: %w", c.Purpose, err)
	}
	key, err := KeyFromBytes(out.Plaintext)
	if err != nil {
		return Key{}, nil, fmt.Errorf("generate %s: %w", c.Purpose, err)
	}
	return key, append(bytes.Clone(kmsPrefix), out.CiphertextBlob...), nil
}

// Unwrap implements [Wrapper].
func (k *KMS) Unwrap(ctx context.Context, c Context, wrapped []byte) ([]byte, error) {
	out, _, err := k.decrypt(ctx, c, wrapped)
	if err != nil {
		return nil, err
	}
	return out.Plaintext, nil
}

// Under implements [Wrapper]. The name is the key's ARN.
func (k *KMS) Under(ctx context.Context, c Context, wrapped []byte) (name string, current bool, err error) {
	out, i, err := k.decrypt(ctx, c, wrapped)
	if err != nil {
		return "", false, err
	}
	return aws.ToString(out.KeyId), i == 0, nil
}

// decrypt asks with one key after the other: KMS says whether a blob is of another one.
func (k *KMS) decrypt(ctx context.Context, c Context, wrapped []byte) (out *kms.DecryptOutput, key int, err error) {
	blob, ok := bytes.CutPrefix(wrapped, kmsPrefix)
	if !ok {
		return nil, 0, fmt.Errorf("unwrap %s: not wrapped by KMS: %w", c.Purpose, ErrOpen)
	}
	var another *types.IncorrectKeyException
	for i, id := range k.keys {
		out, err = k.client.Decrypt(ctx, &kms.DecryptInput{
			KeyId: aws.String(id), CiphertextBlob: blob, EncryptionContext: c.encryptionContext(),
		})
		if !errors.As(err, &another) {
			key = i
			break
		}
	}
	var invalid *types.InvalidCiphertextException
	if errors.As(err, &invalid) || errors.As(err, &another) {
		return nil, 0, fmt.Errorf("unwrap %s: %w", c.Purpose, ErrOpen)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("unwrap %s: %w", c.Purpose, err)
	}
	return out, key, nil
}
