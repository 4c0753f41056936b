package keystore

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is one item of the table.
type item map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func bin(b []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
func at(pk, sk string) item { return item{"pk": str(pk), "sk": str(sk)} }

// put sets an attribute, unless there is nothing to set.
func (i item) put(name string, b []byte) {
	if b != nil {
		i[name] = bin(b)
	}
}

// bytes is an attribute, nil where it is not there.
func (i item) bytes(name string) []byte {
	b, _ := i[name].(*types.AttributeValueMemberB)
	if b == nil {
		return nil
	}
	return b.Value
}

// sk is the sort key.
func (i item) sk() string { return i.text("sk") }

// text is an attribute, "" where it is not there.
func (i item) text(name string) string {
	s, _ := i[name].(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

// number is an attribute, 0 where it is not there.
func (i item) number(name string) int64 {
	n, _ := i[name].(*types.AttributeValueMemberN)
	if n == nil {
		return 0
	}
	v, _ := strconv.ParseInt(n.Value, 10, 64) // we wrote it
	return v
}
