-- One million enterprises and three million dossiers with 34 provinces and 3,321 communes, made by PostgreSQL itself.
-- Rows fulfil the checks of their contracts. Words follow a skewed distribution, as syllables of names do.
select setseed(0.25);
create temp table given as select
  array['Công ty TNHH', 'Công ty TNHH một thành viên', 'Công ty cổ phần', 'Doanh nghiệp tư nhân', 'Hợp tác xã',
        'Công ty TNHH thương mại và dịch vụ', 'Công ty cổ phần đầu tư', 'Công ty TNHH xây dựng'] as forms,
  array['thương mại', 'xây dựng', 'vận tải', 'xuất nhập khẩu', 'nông sản', 'du lịch', 'công nghệ', 'cơ khí', 'dược phẩm',
        'thực phẩm', 'may mặc', 'nội thất', 'điện lạnh', 'khoáng sản', 'lâm nghiệp', 'thủy sản', 'bất động sản'] as trades,
  string_to_array('Minh Anh Phát Đạt Hưng Thịnh Thành Công An Bình Phú Quý Đại Việt Nam Hải Long Hoàng Kim Ngọc Bảo Gia '
    'Thiên Phúc Lộc Thọ Tân Tiến Hòa Vạn Xuân Thu Đông Bắc Trung Tây Sơn Hà Giang Lâm Thảo Mai Lan Cúc Trúc Tùng Bách '
    'Hùng Dũng Cường Mạnh Tuấn Khang Vinh Quang Huy Hiệp Hợp Nhất Toàn Cầu Á Châu Âu Mỹ Quốc Tế Thái Dương Nguyệt Tinh '
    'Tú Linh Chi Trang Thủy Hỏa Mộc Thổ Khánh Duy Đức Trí Nhân Nghĩa Lễ Tín Liêm Chính Kiên Cố Bền Vững Sáng Tạo Mới '
    'Rồng Vàng Phượng Lân Quy Hổ Báo Ưng Sen Hồng Lúa Nếp Quế Hồi Trà Chè Mật Ong Dẻ Na Đào Mận Lê Cam Chanh Bưởi '
    'Kỳ Lừa Chi Lăng Hữu Lũng Tràng Định Cao Lộc Bình Gia Văn Quan Đình Lập Đồng Đăng Mẫu Tam Thanh', ' ') as syllables;

create temp table provinces as
  select lpad(n::text, 2, '0') as code, 'Tỉnh ' || s.syllables[n * 3] || ' ' || s.syllables[n * 3 + 1] as name
  from generate_series(1, 34) n, given s;
create temp table communes as
  select row_number() over () as n, p.code as province, p.code || lpad(c::text, 3, '0') as code,
    case when c % 4 = 0 then 'Phường ' else 'Xã ' end || s.syllables[1 + (c * 7 + p.code::int) % 140] || ' '
      || s.syllables[1 + (c * 13 + p.code::int * 5) % 140] as name
  from provinces p, generate_series(1, 98) c, given s;

insert into governed.administrative_units (code, level, name_vi, name_en, unit_type, parent_code, parent_code_from,
    province_code, province_code_from, legal_basis, area_km2, valid_from, _run, _hash)
  select code, 'province', name, null, 'province', null::text, null::date, code, date '2025-07-01', '202/2025/QH15', 5000,
    date '2025-07-01', :'run'::uuid, '\x00'::bytea from provinces
  union all
  select code, 'commune', name, null, 'commune', province, date '2025-07-01', province, date '2025-07-01',
    '1672/NQ-UBTVQH15', 50, date '2025-07-01', :'run'::uuid, '\x00'::bytea from communes;

create temp table codes as
  with digits as (select n, lpad((100000000 + n::bigint * 631)::text, 10, '0') as c from generate_series(1, :enterprises * 3 / 2) n),
  summed as (select n, substr(c, 2, 9) as c, mod(31 * substr(c, 2, 1)::int + 29 * substr(c, 3, 1)::int
      + 23 * substr(c, 4, 1)::int + 19 * substr(c, 5, 1)::int + 17 * substr(c, 6, 1)::int + 13 * substr(c, 7, 1)::int
      + 7 * substr(c, 8, 1)::int + 5 * substr(c, 9, 1)::int + 3 * substr(c, 10, 1)::int, 11) as rest from digits)
  select row_number() over (order by n) as n, c || (10 - rest) as code from summed where rest > 0 order by n limit :enterprises;
create unique index on codes (n) include (code);

insert into governed.enterprises (enterprise_code, name_vi, short_name, enterprise_type, status, status_date, registered_on,
    dissolved_on, address_text, admin_unit_code, admin_unit_code_from, address_on, province_code, main_activity_code,
    vsic_version, charter_capital, legal_rep_name, phone, tax_office, synthetic, _run, _hash)
  select code, f || ' ' || t || ' ' || a || ' ' || b || case when r1 < 0.5 then ' ' || d else '' end,
    case when r2 < 0.3 then upper(a || ' ' || b) end,
    (array['TNHH1TV', 'TNHH2TV', 'CTCP', 'DNTN', 'HTX', 'CN'])[1 + floor(r1 * r2 * 6)::int],
    case when r3 < 0.7 then 'active' when r3 < 0.82 then 'suspended' when r3 < 0.9 then 'not_at_address'
      when r3 < 0.93 then 'dissolving' else 'ended' end,
    day + 200, day, case when r3 >= 0.93 then day + 900 end,
    'Số ' || (1 + floor(r4 * 300))::int || ', đường ' || d || ' ' || a || ', ' || commune || ', ' || province_name,
    unit, date '2025-07-01', date '2025-07-01', province,
    (array['4711', '4690', '4100', '4933', '5610', '6201', '7020', '1010', '1410', '4649', '4321', '5510', '6810', '0118',
           '0210', '2592', '3100', '4530', '4752', '8299'])[1 + floor(r2 * r4 * 20)::int],
    '2025', (1 + floor(r3 * 500)) * 100000000, initcap(d || ' ' || b || ' ' || a), '09' || lpad((n % 100000000)::text, 8, '0'),
    'Thuế cơ sở ' || province, true, :'run'::uuid, '\x00'::bytea
  from (select c.n, c.code, r1, r2, r3, r4, date '2000-01-01' + floor((1 - r1 * r4) * 9400)::int as day,
      g.forms[1 + floor(r1 * 8)::int] as f, g.trades[1 + floor(r2 * 17)::int] as t,
      g.syllables[1 + floor(r3 * r3 * 140)::int] as a, g.syllables[1 + floor(r4 * r2 * 140)::int] as b,
      g.syllables[1 + floor(r1 * r3 * 140)::int] as d, u.code as unit, u.name as commune, u.province, p.name as province_name
    from given g cross join (select n, code, random() as r1, random() as r2, random() as r3, random() as r4 from codes) c
      join communes u on u.n = 1 + floor(c.r4 * 3332)::int % 3332 join provinces p on p.code = u.province) made;

insert into governed.dossiers (dossier_code, procedure_code, field_code, org_code, province_agency_code, applicant_type,
    applicant_name, applicant_id, applicant_unit_code, applicant_unit_code_from, subject_text, channel, submitted_at,
    received_at, due_at, released_at, finished_at, duration_days, processing_days, status, on_time_class, satisfaction,
    synced_at, synthetic, _run, _hash)
  select 'H' || lpad((1 + n % 34)::text, 2, '0') || '.' || lpad((1 + n % 40)::text, 2, '0') || '-'
      || to_char(at at time zone 'Asia/Ho_Chi_Minh', 'YYMMDD') || '-' || lpad(n::text, 7, '0'),
    '1.' || lpad((1 + floor(r1 * r2 * 6000))::text, 6, '0'), 'G' || lpad((1 + n % 90)::text, 2, '0'),
    'H' || lpad((1 + n % 34)::text, 2, '0') || '.' || lpad((1 + n % 40)::text, 2, '0'), 'H' || lpad((1 + n % 34)::text, 2, '0'),
    case when n % 5 < 4 then 'business' else 'citizen' end, 'Nguyễn Văn ' || n % 1000,
    case when n % 5 < 4 then c.code else '020' || lpad((n % 1000000000)::text, 9, '0') end,
    '20' || lpad((1 + n % 98)::text, 3, '0'), date '2025-07-01', 'Hồ sơ số ' || n,
    (array['online', 'in_person', 'postal'])[1 + floor(r1 * 3)::int], at - interval '2 hours', at, at + interval '10 days',
    case when r2 < 0.9 then at + interval '1 day' * (r1 * 14) end, case when r2 < 0.9 then at + interval '15 days' end,
    10, round((r1 * 14)::numeric, 2), case when r2 < 0.9 then 'done' else 'processing' end,
    case when r2 >= 0.9 then 'in_progress' when r1 < 0.7 then 'early' else 'late' end, 1 + floor(r2 * 3)::int,
    at + interval '16 days', true, :'run'::uuid, '\x00'::bytea
  from (select n, random() as r1, random() as r2, timestamptz '2023-01-01 08:00+07' + interval '1 minute' * (n * 0.5) as at
      from generate_series(1, :enterprises * 3) n) d
    join (select n as k, code from codes) c on c.k = 1 + (n::bigint * 7919) % :enterprises;
