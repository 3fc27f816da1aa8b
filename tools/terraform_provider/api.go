package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

const (
	older   = "2024-04-01"
	current = "2025-09-01"
	tagging = "2025-10-14"
	pause   = 100 * time.Millisecond
)

type api struct{ id, password, domain, scheme string }

type machine struct {
	Status             string
	ImageID            string `json:"imageId"`
	ImageName          string
	KeyID              string `json:"keyId"`
	InstanceName       string
	InstanceType       string
	ZoneID             string `json:"zoneId"`
	SubnetID           string `json:"subnetId"`
	TimeZone           string
	EnableAgent        bool
	SystemDisk         struct{ DiskSize int }
	PublicIPAddresses  []string `json:"publicIpAddresses"`
	PrivateIPAddresses []string `json:"privateIpAddresses"`
	Tags               struct{ Tags []tag }
}

type tag struct {
	Key, Value string
}

func configure(_ context.Context, data *schema.ResourceData) (any, diag.Diagnostics) {
	text := func(name string) string { return data.Get(name).(string) }
	// The real one takes no other spelling either.
	schemes := map[string]string{"HTTP": "http", "HTTPS": "https"}
	scheme, known := schemes[text("scheme")]
	if !known {
		return nil, diag.Errorf("expected scheme to be one of [HTTP HTTPS]")
	}
	return &api{text("access_key_id"), text("access_key_password"), text("domain"), scheme}, nil
}

// call sends one signed request and decodes the inner response into answer, unless that is nil.
func (a *api) call(ctx context.Context, version, action string, parameters map[string]any, answer any) error {
	body, err := json.Marshal(parameters)
	if err != nil {
		return err
	}
	service := "zec"
	if version == tagging {
		service = "zrm"
	}
	url := fmt.Sprintf("%s://%s/api/v2/%s", a.scheme, a.domain, service)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for name, value := range map[string]string{
		"content-type": "application/json", "x-zc-service": service, "x-zc-version": version, "x-zc-action": action,
		"x-zc-timestamp": now, "x-zc-signature-method": "ZC2-HMAC-SHA256", "x-zc-request-client": "Terraform-latest",
		"authorization": a.authorization(body, now),
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var envelope struct {
		Code, Message string
		Response      json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&envelope); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s", action, envelope.Code, envelope.Message)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(envelope.Response, answer)
}

func (a *api) authorization(body []byte, now string) string {
	digest := func(data []byte) string { sum := sha256.Sum256(data); return hex.EncodeToString(sum[:]) }
	canonical := fmt.Sprintf("POST\n/\n\ncontent-type:application/json\nhost:%s\n\ncontent-type;host\n%s", a.domain, digest(body))
	mac := hmac.New(sha256.New, []byte(a.password))
	fmt.Fprintf(mac, "ZC2-HMAC-SHA256\n%s\n%s", now, digest([]byte(canonical)))
	return fmt.Sprintf("ZC2-HMAC-SHA256 Credential=%s, SignedHeaders=content-type;host, Signature=%s", a.id, hex.EncodeToString(mac.Sum(nil)))
}

// find returns nil for a machine that is gone.
func (a *api) find(ctx context.Context, id string) (*machine, error) {
	var answer struct{ DataSet []*machine }
	err := a.call(ctx, current, "DescribeInstances", map[string]any{"instanceIds": []string{id}}, &answer)
	if err != nil || len(answer.DataSet) == 0 {
		return nil, err
	}
	return answer.DataSet[0], nil
}

// wait reads until the status is none of pending, and returns it; empty for a machine that is gone.
func (a *api) wait(ctx context.Context, id string, pending ...string) (string, error) {
	for {
		found, err := a.find(ctx, id)
		if err != nil || found == nil {
			return "", err
		}
		waiting := false
		for _, status := range pending {
			waiting = waiting || found.Status == status
		}
		if !waiting {
			return found.Status, nil
		}
		time.Sleep(pause)
	}
}
