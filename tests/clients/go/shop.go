// The smallest shop in Go: somebody comes, a purse goes into the cart, and a refusal is read, all of it typed.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/type/money"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	cartv1 "example.com/shop/gen/omnithread/cart/v1"
	contextv1 "example.com/shop/gen/omnithread/context/v1"
	profilev1 "example.com/shop/gen/omnithread/profile/v1"
)

const timeout = 20 * time.Second

// token goes with every call; a real one is fetched anew before it runs out.
type token string

func (t token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(t)}, nil
}

func (token) RequireTransportSecurity() bool { return true }

func connect(address string) *grpc.ClientConn {
	trusted, err := credentials.NewClientTLSFromFile(os.Getenv("OMNITHREAD_ROOT_CERTIFICATES_FILE"), "")
	if err != nil {
		log.Fatal(err)
	}
	config, err := os.ReadFile(os.Getenv("OMNITHREAD_SERVICE_CONFIG_FILE"))
	if err != nil {
		log.Fatal(err)
	}
	connection, err := grpc.Dial(
		address,
		grpc.WithTransportCredentials(trusted),
		grpc.WithDefaultServiceConfig(string(config)),
		grpc.WithPerRPCCredentials(token(os.Getenv("CHANNEL_TOKEN"))),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 5 * time.Second}),
	)
	if err != nil {
		log.Fatal(err)
	}
	return connection
}

// newID is made once for what somebody wants, and kept over every retry.
func newID() string {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		log.Fatal(err)
	}
	return hex.EncodeToString(random)
}

type refusal struct {
	Code   string   `json:"code"`
	Reason string   `json:"reason"`
	Fields []string `json:"fields"`
}

func told(err error) refusal {
	refused := status.Convert(err)
	seen := refusal{Code: refused.Code().String()}
	for _, detail := range refused.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			seen.Reason = detail.Reason
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				seen.Fields = append(seen.Fields, violation.Field)
			}
		}
	}
	return seen
}

func main() {
	contexts := contextv1.NewContextServiceClient(connect(os.Getenv("OMNITHREAD_AGGREGATOR_ADDRESS")))
	carts := cartv1.NewCartServiceClient(connect(os.Getenv("OMNITHREAD_CART_ADDRESS")))
	call, done := context.WithTimeout(context.Background(), timeout)
	defer done()
	visit, err := contexts.StartSession(call, &contextv1.StartSessionRequest{
		RequestId: newID(),
		IssueTime: timestamppb.Now(),
		Identifiers: []*profilev1.Identifier{
			{Kind: profilev1.IdentifierKind_IDENTIFIER_KIND_COOKIE, Value: os.Getenv("VISITOR")},
		},
	})
	if err != nil {
		log.Fatal(told(err))
	}
	baggage := "journey.id=" + visit.JourneyId + ",session.id=" + visit.SessionId
	addItem := func(quantity int32) (*cartv1.AddItemResponse, error) {
		call, done := context.WithTimeout(context.Background(), timeout)
		defer done()
		return carts.AddItem(metadata.AppendToOutgoingContext(call, "baggage", baggage), &cartv1.AddItemRequest{
			RequestId:  newID(),
			IssueTime:  timestamppb.Now(),
			CustomerId: visit.CustomerId,
			Sku:        "PURSE-1",
			Name:       "Purse",
			UnitPrice:  &money.Money{CurrencyCode: "EUR", Units: 89},
			Quantity:   quantity,
		})
	}
	added, err := addItem(1)
	if err != nil {
		log.Fatal(told(err))
	}
	_, err = addItem(0)
	answer := map[string]interface{}{
		"customerId": visit.CustomerId,
		"lines":      []string{added.Cart.Lines[0].Name},
		"refused":    told(err),
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		log.Fatal(err)
	}
}
