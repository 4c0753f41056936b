package slacksim_test
import ("testing";"time";"os";"os/exec";"github.com/slack-go/slack";"encoding/json")
func TestShot(t *testing.T){
 b:=installed(t)
 ts:=b.control("post",object{"channel":"C0ITHELP","user":"U0RITA","text":"VPN drops every ten minutes &lt;b&gt;x&lt;/b&gt;"})["ts"].(string)
 b.control("post",object{"channel":"C0ITHELP","user":"U0SAM","text":"Printer on *2nd* floor says `PC LOAD` see <https://example.com|here> <@U0DANA>","files":2})
 var bl slack.Blocks
 json.Unmarshal([]byte(`[{"type":"header","text":{"type":"plain_text","text":"#1042 · network"}},{"type":"section","text":{"type":"mrkdwn","text":"*Priority* high\nFirst reply due by <!date^1900000000^{date_short_pretty} at {time}|x>"},"accessory":{"type":"overflow","action_id":"more","options":[{"text":{"type":"plain_text","text":"Not a request"},"value":"n"}]}},{"type":"divider"},{"type":"context","elements":[{"type":"mrkdwn","text":"triaged without AI"}]},{"type":"actions","elements":[{"type":"button","style":"primary","action_id":"take","text":{"type":"plain_text","text":"Take it"}},{"type":"button","style":"danger","action_id":"resolve","text":{"type":"plain_text","text":"Resolve"}},{"type":"static_select","action_id":"priority","placeholder":{"type":"plain_text","text":"Priority"},"options":[{"text":{"type":"plain_text","text":"High"},"value":"high"}]}]}]`),&bl)
 _,at,err:=b.client.PostMessage("C0ITHELP",slack.MsgOptionText("r",false),slack.MsgOptionTS(ts),slack.MsgOptionBlocks(bl.BlockSet...)); if err!=nil{t.Fatal(err)}
 b.client.PostEphemeral("C0ITHELP","U0ALEX",slack.MsgOptionText("Only agents can do that",false))
 shot:=func(f,size,q string){ out,err:=exec.Command("chromium","--headless","--enable-logging=stderr","--no-sandbox","--disable-gpu","--hide-scrollbars","--virtual-time-budget=3000","--screenshot=/tmp/simshot/"+f,"--window-size="+size,b.url+"/"+q).CombinedOutput(); _=err; t.Log(string(out)) }
 shot("a.png","1280,800","?thread="+ts)
 shot("b.png","390,800","")
 shot("d.png","1280,800","oauth/v2/authorize?client_id=1.2&scope=chat:write,users:read")
 b.control("click",object{"channel":"C0ITHELP","message_ts":at,"user":"U0ALEX","action_id":"take"}); p:=<-b.shown
 view:=slack.ModalViewRequest{Type:"modal",Title:slack.NewTextBlockObject("plain_text","Ask IT",false,false),Submit:slack.NewTextBlockObject("plain_text","Send",false,false),Blocks:slack.Blocks{BlockSet:[]slack.Block{slack.NewInputBlock("w",slack.NewTextBlockObject("plain_text","What is wrong?",false,false),nil,&slack.PlainTextInputBlockElement{Type:"plain_text_input",ActionID:"w",Multiline:true})}}}
 if _,err:=b.client.OpenView(p["trigger_id"].(string),view);err!=nil{t.Fatal(err)}
 shot("c.png","1280,800","")
 _ = time.Now; _ = os.Args
}
